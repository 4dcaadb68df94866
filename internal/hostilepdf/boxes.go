package hostilepdf

import (
	"fmt"
	"strings"
)

// boxes are files whose pages are not where a mark could be put.
func boxes() (all []File) {
	paged := func(entries string, more ...string) draft {
		d := plain(more...)
		d.objects[2] = "<< /Type /Page /Parent 2 0 R " + entries + " >>"
		return d
	}
	for _, box := range []string{
		"[0 0 0 0]", "[5 5 5 5]", "[595 842 0 0]", "[0 0 99999999999999999999 1]", "[0 0 .000001 .000001]", "[-1e9 0 1 1]", "[0 0 595]", "[0 0 595 842 1]",
		"[(a) (b) (c) (d)]", "[/A /B /C /D]", "[4 0 R 4 0 R 4 0 R 4 0 R]", "<< /A 1 >>", "null",
	} {
		all = append(all, paged("/MediaBox "+box, "4 0 R").file("a page of "+box))
	}
	for _, turn := range []string{"45", "-90", "99999999999999999999", "90.5", "(x)", "4 0 R"} {
		all = append(all, paged("/MediaBox [0 0 595 842] /Rotate "+turn, "4 0 R").file("a page turned by "+turn))
	}
	return append(all,
		paged("").file("a page of no size"),
		paged("/MediaBox [0 0 595 842] /CropBox [9000 9000 9001 9001]").file("a page cut down to what is not there"),
		paged("/MediaBox [0 0 595 842] /Annots (x)").file("annotations that are a string"),
		paged("/MediaBox [0 0 595 842] /Annots ["+strings.Repeat("3 0 R ", 200_000)+"]").file("two hundred thousand annotations"),
		paged("/MediaBox [0 0 595 842] /Annots 4 0 R", "[4 0 R]").file("annotations that annotate themselves"),
		paged("/MediaBox [0 0 595 842] /UserUnit "+fmt.Sprint(1<<40)).file("a page of great units"),
	)
}
