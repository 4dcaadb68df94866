//go:build race

package enrolment_test

const raced = true
