package ca

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks is the most combining marks one after the other; no orthography
// needs more in normal form C.
const maxMarks = 4

// printableLetters is the alphabet of PrintableString (X.680 §41.4).
const printableLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"

// countryCodes are the assigned codes of ISO 3166-1 alpha-2.
const countryCodes = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ " +
	"BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH " +
	"ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE " +
	"IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC " +
	"MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE " +
	"PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV " +
	"SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT " +
	"ZA ZM ZW"

func (attribute) checkCountry(value string) error {
	if len(value) != 2 || strings.Contains(value, " ") || !strings.Contains(countryCodes, value) {
		return fmt.Errorf("%.70q is not a country code of ISO 3166-1", value)
	}
	return nil
}

func (attribute) checkPrintable(value string) error {
	switch {
	case strings.Trim(value, printableLetters) != "":
		return fmt.Errorf("%.70q has a character that PrintableString has not", value)
	case len(value) > upperBound:
		return fmt.Errorf("%.70q is longer than %d characters", value, upperBound)
	case spacedOdd(value) || strings.ContainsAny(value, ",+="):
		return fmt.Errorf("%.70q has odd spaces, or a character that divides names", value)
	}
	return nil
}

func (a attribute) checkText(value string) error {
	switch {
	case !utf8.ValidString(value):
		return fmt.Errorf("%.70q is not UTF-8", value)
	case utf8.RuneCountInString(value) > upperBound:
		return fmt.Errorf("%.70q is longer than %d characters", value, upperBound)
	case !norm.NFKC.IsNormalString(value):
		return fmt.Errorf("%.70q is not in Unicode normal form KC", value)
	case spacedOdd(value):
		return fmt.Errorf("%.70q begins, ends or goes on with spaces", value)
	case strings.IndexFunc(value, unicode.IsLetter) < 0:
		return fmt.Errorf("%.70q has no letter", value)
	}
	if err := a.checkRunes(value); err != nil {
		return fmt.Errorf("%.70q %w", value, err)
	}
	return nil
}

// identifier is EN 319 412-1 §5.1.4: a kind of register, the country it is of, and
// what stands in it.
var identifier = regexp.MustCompile(`^([A-Z]{3}|[A-Z]{2}:)[A-Z]{2}-[0-9A-Za-z./-]{1,50}$`)

func (a attribute) checkIdentifier(value string) error {
	if !identifier.MatchString(value) {
		return fmt.Errorf("%.70q is not of the form VATRO-12345678", value)
	}
	return nil
}

func spacedOdd(value string) bool { return strings.Join(strings.Fields(value), " ") != value }

var (
	errCharacter = errors.New("has a character that a name has not")
	errMarks     = errors.New("has accents on nothing, or too many")
	errScripts   = errors.New("mixes alphabets within a word")
)

// checkRunes takes letters, digits, accents on letters, spaces and a's own
// punctuation, and words of one alphabet each: nobody can see that the a of
// another one is another letter.
func (a attribute) checkRunes(value string) error {
	script, marks, base := "", 0, false
	for _, r := range value {
		switch {
		case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return errCharacter
		case unicode.IsLetter(r) && !strings.ContainsRune(joiners, r):
			s := scriptOf(r)
			if s == "" {
				return errCharacter
			}
			if script != "" && s != script {
				return errScripts
			}
			script, marks, base = s, 0, true
		case unicode.IsMark(r):
			if marks++; !base || marks > maxMarks || unicode.Is(unicode.Me, r) {
				return errMarks
			}
		case '0' <= r && r <= '9', strings.ContainsRune(joiners, r) && strings.ContainsRune(a.marks, r):
			base = false
		case r == ' ', strings.ContainsRune(a.marks, r):
			script, base = "", false
		default:
			return errCharacter
		}
	}
	return nil
}

// eastAsian are the scripts that one Chinese, Japanese or Korean word may mix
// (UTS 39 §5.1).
const eastAsian = " Han Hiragana Katakana Bopomofo Hangul "

// scriptOf is the alphabet of a letter; "" for letters of none, which are
// symbols rather than letters of names, but for the length mark of kana.
func scriptOf(r rune) string {
	if r == 'ー' {
		return eastAsian
	}
	for name, table := range unicode.Scripts {
		if !unicode.Is(table, r) {
			continue
		}
		switch {
		case name == "Common" || name == "Inherited":
			return ""
		case strings.Contains(eastAsian, " "+name+" "):
			return eastAsian
		}
		return name
	}
	return ""
}
