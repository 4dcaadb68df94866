package page

import "fmt"

func english() Tongue {
	return Tongue{
		Tag: "en", Name: "English", frame: englishFrame,
		plural: func(n int) string {
			if n == 1 {
				return "one"
			}
			return "other"
		},
		months: [12]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		},
		stamp: func(day int, month string, year int, clock string) string {
			return fmt.Sprintf("%d %s %d, %s UTC", day, month, year, clock)
		},
	}
}

var englishFrame = map[string]string{
	"frame.language": "Language",
	"frame.demo":     "Demo – no legal value",
	"frame.home":     "To your pages",

	"field.email":     "E-mail",
	"field.bound":     "The application asks for this account, and no other can be used.",
	"field.password":  "Password",
	"field.code":      "Code",
	"field.code.hint": "The six digits that your authenticator app shows now.",

	"code.error.shape":      "Type the six digits, and nothing else.",
	"code.error.wrong":      "This code is not right.",
	"code.error.used":       "This code was used already. Wait for the next one; it comes within 30 seconds.",
	"code.error.left.one":   "You have %d more try.",
	"code.error.left.few":   "You have %d more tries.",
	"code.error.left.other": "You have %d more tries.",
	"code.error.left.none":  "You have no more tries for now.",
}
