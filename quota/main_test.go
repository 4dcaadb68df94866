package quota_test

import (
	"testing"

	"github.com/pecete/pecete/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
