package login

import "fmt"

func romanian() tongue {
	return tongue{
		Tag: "ro", Name: "Română", texts: romanianTexts,
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

var romanianTexts = map[string]string{
	"frame.language": "Limba",
	"frame.demo":     "Demonstrație – fără valoare juridică",

	"login.title":          "Autentificare",
	"login.asks":           "Cere acordul dumneavoastră",
	"login.why.service":    "Această aplicație dorește să vă vadă certificatele de semnare. Cu atât nu se poate semna nimic.",
	"login.why.credential": "Această aplicație dorește să semnați ceva. Pe pagina următoare vedeți ce anume și mai puteți refuza.",
	"login.email":          "E-mail",
	"login.password":       "Parolă",
	"login.button":         "Intrați",
	"login.bound":          "Aplicația cere acest cont; altul nu poate fi folosit.",
	"login.error.account":  "Aplicația cere alt cont. Autentificați-vă cu acela.",
	"login.error.empty":    "Completați și adresa de e-mail, și parola.",
	"login.error.wrong":    "Adresa de e-mail și parola nu se potrivesc.",
	"login.error.limits":   "După %d parole greșite în %d minute, o vreme nu mai este acceptată nicio parolă, nici cea corectă.",
	"login.error.disabled": "Contul dumneavoastră este dezactivat. Adresați-vă celui care administrează serviciul.",

	"consent.title":         "Semnare",
	"consent.heading.one":   "%d document de semnat",
	"consent.heading.few":   "%d documente de semnat",
	"consent.heading.other": "%d de documente de semnat",
	"consent.blank.one":     "Acord pentru %d semnătură",
	"consent.blank.few":     "Acord pentru %d semnături",
	"consent.blank.other":   "Acord pentru %d de semnături",
	"consent.part":          "Partea %d din %d",
	"consent.application":   "Aplicația",
	"consent.signer":        "Dumneavoastră",
	"consent.credential":    "Semnați cu",
	"consent.subject":       "Titularul certificatului",
	"consent.issuer":        "Emis de",
	"consent.until":         "Valabil până la",
	"consent.signatures":    "Semnături",
	"consent.hash":          "Algoritm de rezumat",
	"consent.description":   "Ce spune aplicația",
	"consent.documents":     "Documente",
	"consent.unseen":        "Aplicația a pregătit aceste documente; noi nu le-am văzut. Arătăm numele și amprentele trimise de ea. Semnați numai ce ați citit acolo.",
	"consent.unnamed.one":   "Aplicația nu a spus ce se va semna. Cu codul dumneavoastră primește %d semnătură, pe un document pe care nu vi-l putem arăta.",
	"consent.unnamed.few":   "Aplicația nu a spus ce se va semna. Cu codul dumneavoastră primește %d semnături, pe documente pe care nu vi le putem arăta.",
	"consent.unnamed.other": "Aplicația nu a spus ce se va semna. Cu codul dumneavoastră primește %d de semnături, pe documente pe care nu vi le putem arăta.",
	"consent.marks":         "Semne ca ⟦U+202E⟧ stau în locul caracterelor care nu s-ar vedea sau ar schimba ordinea textului.",
	"consent.skip":          "La sfârșitul listei",
	"consent.choose":        "Alegeți certificatul",
	"consent.other":         "Alegeți alt certificat",
	"consent.code":          "Cod",
	"consent.code.hint":     "Cele șase cifre pe care le arată acum aplicația de autentificare.",
	"consent.sign.one":      "Semnați %d document",
	"consent.sign.few":      "Semnați %d documente",
	"consent.sign.other":    "Semnați %d de documente",
	"consent.allow.one":     "Permiteți %d semnătură",
	"consent.allow.few":     "Permiteți %d semnături",
	"consent.allow.other":   "Permiteți %d de semnături",
	"consent.decline":       "Refuzați",

	"document.unnamed": "Fără nume",
	"document.sdr":     "Amprenta documentului întreg",
	"document.dtbsr":   "Amprenta datelor de semnat",
	"document.prefix":  "Începe cu",
	"document.full":    "Amprenta întreagă",
	"document.mixed":   "Acest nume amestecă litere asemănătoare din alfabete diferite.",

	"code.error.shape":      "Scrieți cele șase cifre și nimic altceva.",
	"code.error.wrong":      "Codul nu este corect.",
	"code.error.used":       "Codul a fost deja folosit. Așteptați-l pe următorul; apare în cel mult 30 de secunde.",
	"code.error.paused":     "Prea multe coduri greșite. Cererea rămâne deschisă; încercați mai târziu.",
	"code.error.until":      "Codurile sunt acceptate din nou de la %s.",
	"code.error.locked":     "Prea multe coduri greșite, așa că s-a blocat codul. Cereți deblocarea de la cel care administrează serviciul.",
	"code.error.shapes":     "Scrieți cele patru cifre ale numărului și cele șase ale codului, nimic altceva.",
	"code.error.either":     "Numărul sau codul nu este corect.",
	"code.error.changed":    "Ce este de semnat nu era ce văzuserăți. Citiți din nou.",
	"code.error.left.one":   "Mai aveți %d încercare.",
	"code.error.left.few":   "Mai aveți %d încercări.",
	"code.error.left.other": "Mai aveți %d de încercări.",
	"code.error.left.none":  "Deocamdată nu mai aveți încercări.",

	"consent.bar.title":    "Nu se poate semna",
	"consent.bar.none":     "Nu aveți un certificat potrivit pentru ce cere aplicația.",
	"consent.bar.disabled": "Certificatul cerut de aplicație este dezactivat.",
	"consent.bar.revoked":  "Certificatul cerut de aplicație este revocat.",
	"consent.bar.expired":  "Certificatul cerut de aplicație a expirat.",
	"consent.bar.early":    "Certificatul cerut de aplicație nu este încă valabil.",
	"consent.bar.mode":     "Pentru certificatul cerut, acordul nu se dă pe această pagină, ci în aplicație.",
	"consent.bar.count":    "Aplicația cere deodată mai multe semnături decât permite acest certificat.",
	"consent.bar.hashes":   "Aplicația nu a spus pentru fiecare semnătură ce este de semnat.",
	"consent.bar.back":     "Înapoi la aplicație",

	"approve.title":          "Acord",
	"approve.lead":           "Ați primit un link către această pagină, fiindcă o aplicație vă cere acordul. Dați-l numai pentru ce ați început acolo dumneavoastră.",
	"approve.number":         "Număr",
	"approve.number.hint":    "Cele patru cifre pe care vi le arată aplicația.",
	"approve.approved.title": "V-ați dat acordul",
	"approve.approved.text":  "Aplicația poate continua. Puteți închide această pagină.",
	"approve.declined.title": "Ați refuzat",
	"approve.declined.text":  "Nu s-a semnat nimic. Puteți închide această pagină.",

	"fail.over.title":    "Cererea s-a încheiat",
	"fail.over.text":     "A primit răspuns, a durat prea mult sau a fost începută în alt browser. Întoarceți-vă la aplicație și începeți din nou acolo.",
	"fail.stale.title":   "Pagina nu mai este actuală",
	"fail.stale.text":    "V-ați autentificat din nou sau browserul nu păstrează cookie-uri. Nu s-a semnat nimic.",
	"fail.stale.again":   "Arătați pagina din nou",
	"fail.foreign.title": "Cererea vine din altă parte",
	"fail.foreign.text":  "Altă pagină a trimis aceasta în numele dumneavoastră. Nu s-a semnat nimic.",
	"fail.form.title":    "Nu se poate citi",
	"fail.form.text":     "Ce s-a trimis nu este un formular de-al nostru. Nu s-a semnat nimic.",
	"fail.away.title":    "Nu acum",
	"fail.away.text":     "O parte a serviciului nu poate fi contactată. Nu s-a pierdut nimic; încercați din nou peste un minut.",
	"fail.inside.title":  "Ceva nu a mers aici",
	"fail.inside.text":   "Nu este vina dumneavoastră și am notat ce s-a întâmplat. Întoarceți-vă la aplicație și începeți din nou acolo.",
}
