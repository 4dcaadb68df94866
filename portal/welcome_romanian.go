package portal

var welcomeRomanian = map[string]string{
	"notice.session.subject":       "%s: v-ați autentificat",
	"notice.session.says":          "Cineva a intrat în paginile dumneavoastră cu parola și cu un cod al autentificatorului dumneavoastră.",
	"notice.session.wrong":         "Dacă ați fost dumneavoastră, nu aveți nimic de făcut. Dacă nu: schimbați parola pe pagina de securitate, încheiați acolo sesiunea și anunțați-l pe cel care administrează serviciul.",
	"notice.password.subject":      "%s: parola a fost schimbată",
	"notice.password.says":         "Parola dumneavoastră a fost schimbată. În alte locuri nu mai sunteți autentificat.",
	"notice.authenticator.subject": "%s: aveți alt autentificator",
	"notice.authenticator.says":    "Contului dumneavoastră i-a fost asociată altă aplicație de autentificare. Codurile celei vechi nu mai sunt bune de nimic.",
	"notice.factor.wrong":          "Dacă ați fost dumneavoastră, nu aveți nimic de făcut. Dacă nu, anunțați-l imediat pe cel care administrează serviciul: după ce contul este blocat, nimeni nu mai poate semna în numele dumneavoastră.",
	"notice.when":                  "Când: %s",
	"notice.where":                 "Unde: %s, de la adresa de rețea %s",
	"notice.do":                    "Deschideți pagina de securitate",
	"notice.never":                 "Nimeni dintre cei care lucrează la noi nu vă va cere vreodată parola sau un cod.",

	"outbox.title": "Mesaje",
	"outbox.lead":  "De aici nu se trimite nimic: mesajele se păstrează într-un dosar, pentru încercări, și se arată numai pe acest calculator.",
	"outbox.none":  "Nu este încă niciun mesaj.",
	"outbox.mail":  "E-mail",
	"outbox.sms":   "SMS",
	"outbox.to":    "Către",
	"outbox.at":    "Scris",
	"outbox.view":  "Arătați-l ca într-un program de e-mail",
	"outbox.back":  "Toate mesajele",

	"downloads.title":  "De ce aveți nevoie",
	"downloads.lead":   "De o aplicație de autentificare pe telefon și de browserul în care citiți. Altceva nu trebuie instalat.",
	"downloads.apps":   "Aplicații de autentificare",
	"downloads.hint":   "Este bună orice aplicație care arată coduri de șase cifre după ceas (TOTP, RFC 6238). Dacă aveți deja una, păstrați-o. Cu acestea se știe că merge:",
	"downloads.store":  "Linkurile duc la magazinele altora, cu care nu avem legătură. Puteți și să deschideți magazinul pe telefon și să căutați numele.",
	"downloads.pages":  "Unde mergeți apoi",
	"downloads.portal": "Paginile dumneavoastră",
}
