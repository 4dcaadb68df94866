package portal

// signRomanian are the texts of the pages on which documents are signed.
var signRomanian = map[string]string{
	"sheet.title":  "Ce urmează să semnați",
	"sheet.lead":   "Uitați-vă la listă. Un singur cod le semnează pe toate și nimic altceva.",
	"sheet.digest": "SHA-256 al fișierului",
	"sheet.with":   "Cu certificatul lui",
	"sheet.which":  "Cu ce certificat",
	"sheet.until":  "Valabil până la %s",
	"sheet.next":   "Pe pagina următoare vă autentificați și scrieți un cod din aplicația de autentificare. Până atunci nu se semnează nimic.",
	"sheet.button": "Continuați spre acord",

	"sign.title":      "Semnare",
	"sign.result":     "Rezultat",
	"sign.waits":      "Nu s-a semnat nimic încă: nu v-ați dat acordul cu un cod. Continuați sau renunțați; documentele rămân în listă.",
	"sign.works":      "V-ați dat acordul, iar documentele se semnează. Pagina verifică singură cât s-a făcut.",
	"sign.soon":       "Se semnează",
	"sign.not":        "Nesemnat",
	"sign.done.one":   "%d document este semnat, iar semnătura a fost verificată.",
	"sign.done.few":   "%d documente sunt semnate, iar semnăturile au fost verificate.",
	"sign.done.other": "%d de documente sunt semnate, iar semnăturile au fost verificate.",
	"sign.drop":       "Renunțați",
	"sign.look":       "Verificați din nou",
	"sign.all":        "Descărcați tot într-un fișier",
	"sign.more":       "Semnați mai multe",
	"sign.again":      "Înapoi la documente",
	"sign.suffix":     "semnat",

	"sign.reason.declined":    "Ați refuzat. Nu s-a semnat nimic, iar documentele sunt în listă ca înainte.",
	"sign.reason.dropped":     "Ați renunțat. Nu s-a semnat nimic, iar documentele sunt în listă ca înainte.",
	"sign.reason.late":        "A durat prea mult. Nu s-a semnat nimic, iar documentele sunt în listă ca înainte: alegeți-le din nou.",
	"sign.reason.changed":     "Un document sau certificatul nu mai este ce era când ați ales. Nu s-a semnat nimic: uitați-vă la listă și alegeți din nou.",
	"sign.reason.unreadable":  "Unul dintre documente nu poate fi semnat așa cum este făcut. Nu s-a semnat nimic. Tipăriți-l ca PDF, adăugați-l pe acela în locul lui și alegeți din nou.",
	"sign.reason.refused":     "Serverul nu a semnat: codul a venit prea târziu sau certificatul nu mai este bun. Documentele sunt în listă ca înainte. Alegeți-le din nou, cu codul următor.",
	"sign.reason.interrupted": "Ceva s-a stricat după ce v-ați dat acordul. Nu s-a semnat niciun document, acordul s-a încheiat, iar documentele sunt în listă ca înainte. Alegeți-le din nou, cu codul următor.",

	"history.title":   "Ce ați semnat aici",
	"history.lead":    "Se păstrează numele și amprentele fiecărui document, nu și documentul.",
	"history.none":    "Nimic încă.",
	"history.digests": "Amprente (SHA-256)",
	"history.brought": "A fișierului adăugat",
	"history.signed":  "A fișierului semnat",
}
