//go:build !failpoint

package failpoint

import (
	"net/http/httptest"
	"testing"
)

// A program without the tag passes every point, whatever its environment says.
func TestNobodyDiesWithoutTheTag(t *testing.T) {
	t.Setenv("PECETE_FAILPOINT", AfterSign)
	Hit(AfterSign)
	w := httptest.NewRecorder()
	Half(AfterSign, w, []byte("an answer"))
	if w.Body.Len() > 0 {
		t.Errorf("%q was sent", w.Body)
	}
}
