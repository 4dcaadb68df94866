package page

import "fmt"

func romanian() Tongue {
	return Tongue{
		Tag: "ro", Name: "Română", frame: romanianFrame,
		// 1 document, 2 documente, 20 de documente, 101 documente
		plural: func(n int) string {
			switch {
			case n == 1:
				return "one"
			case n == 0 || n%100 >= 1 && n%100 <= 19:
				return "few"
			}
			return "other"
		},
		months: [12]string{
			"ianuarie", "februarie", "martie", "aprilie", "mai", "iunie",
			"iulie", "august", "septembrie", "octombrie", "noiembrie", "decembrie",
		},
		stamp: func(day int, month string, year int, clock string) string {
			return fmt.Sprintf("%d %s %d, ora %s UTC", day, month, year, clock)
		},
	}
}

var romanianFrame = map[string]string{
	"frame.language": "Limba",
	"frame.demo":     "Demonstrație – fără valoare juridică",
	"frame.home":     "La paginile dumneavoastră",

	"field.email":     "E-mail",
	"field.bound":     "Aplicația cere acest cont; altul nu poate fi folosit.",
	"field.password":  "Parolă",
	"field.code":      "Cod",
	"field.code.hint": "Cele șase cifre pe care le arată acum aplicația de autentificare.",

	"code.error.shape":      "Scrieți cele șase cifre și nimic altceva.",
	"code.error.wrong":      "Codul nu este corect.",
	"code.error.used":       "Codul a fost deja folosit. Așteptați-l pe următorul; apare în cel mult 30 de secunde.",
	"code.error.left.one":   "Mai aveți %d încercare.",
	"code.error.left.few":   "Mai aveți %d încercări.",
	"code.error.left.other": "Mai aveți %d de încercări.",
	"code.error.left.none":  "Deocamdată nu mai aveți încercări.",
}
