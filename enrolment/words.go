package enrolment

// words are what letters say, in each language; formats of package fmt.
var words = map[string]map[string]string{
	"en": {
		"hello":      "Hello %s,",
		"once":       "The link is good once, for %s, and only for you: keep it to yourself. Opening it changes nothing by itself. Should a newer mail like this one have come, use the link in that.",
		"unexpected": "If you did not expect this mail, do nothing, and tell whoever runs this service.",
		"never":      "Nobody who works for us will ever ask you for a code or a password.",
		"downloads":  "Programs that you may need",

		"pair.subject": "Configure the authorisation mechanism – %s",
		"pair.says":    "Your identity was accepted. This is the first of two steps to your signing certificate: pair an authenticator app, such as Microsoft Authenticator or Google Authenticator, with your account. Its codes will confirm your logins and your signatures. Have the phone at hand on which you want the app.",
		"pair.do":      "Pair the authenticator app",

		"activate.subject": "Invitation to create the account – %s",
		"activate.says":    "This is the second of two steps to your signing certificate, after the authenticator app is paired: confirm your phone number, choose a password, and read and accept the terms. The certificate is issued when you first log in after that.",
		"activate.do":      "Create the account",

		"paired.subject": "Your authenticator app was replaced – %s",
		"paired.says":    "Your identity was verified anew, and another authenticator app was paired with your account. Codes of the one before are no longer good, and you were logged out everywhere.",
		"paired.do":      "To your pages",
		"paired.short":   "%s: another authenticator app was paired with your account. %s",

		"recovers.subject": "A new way into your account – %s",
		"recovers.says":    "We were told that you lost what you log in and sign with, and that your identity was verified anew. So you are to pair an authenticator app and to choose a password once more: the mails for that follow. From now on nothing is signed in your name, and you were logged out everywhere.",
		"recovers.do":      "To your pages",
		"recovers.short":   "%s: you are to get a new way into your account, and nothing is signed for now. %s",

		"replaced.subject": "What you prove yourself with was replaced – %s",
		"replaced.says":    "Whoever runs this service gave you another authenticator app, password, PIN or phone number in the place of the one before, which is no longer good. You were logged out everywhere.",
		"replaced.do":      "To your pages",
		"replaced.short":   "%s: what you prove yourself with was replaced. %s",

		"recovered.subject": "Your new way into your account – %s",
		"recovered.says":    "You set up your account anew: your new password and the codes of the new authenticator app are what counts. You find your certificate on your pages, under security.",
		"recovered.do":      "To your pages",

		"signs.later":  "Also after the pairing nothing can be signed for another %s, so that this can be stopped if it is not right.",
		"signs.from":   "You can sign again from %s. Until then nothing can be signed, so that this can be stopped if it is not right.",
		"object.tell":  "If that was not you, tell whoever runs this service at once.",
		"object.call":  "If that was not you, call at once: %s",
		"object.still": "It can still be stopped.",

		"issued.subject": "Your signing certificate – %s",
		"issued.says":    "Your signing certificate was issued. You can sign with it now, with the password that you chose and the codes of your authenticator app. You find it on your pages, under security.",
		"issued.do":      "To your pages",

		"code.short":   "%s: %s is the code that confirms your phone number. Good for %s. Tell it to nobody.",
		"hour.one":     "%d hour",
		"hour.other":   "%d hours",
		"minute.one":   "%d minute",
		"minute.other": "%d minutes",
	},
	"ro": {
		"hello":      "Bună ziua, %s,",
		"once":       "Linkul este valabil o singură dată, timp de %s, și este numai pentru dumneavoastră: nu îl dați nimănui. Deschiderea lui nu schimbă încă nimic. Dacă ați primit un e-mail mai nou de acest fel, folosiți linkul din acela.",
		"unexpected": "Dacă nu așteptați acest e-mail, nu faceți nimic și anunțați-l pe cel care administrează serviciul.",
		"never":      "Nimeni dintre cei care lucrează la noi nu vă va cere vreodată un cod sau o parolă.",
		"downloads":  "Programe de care puteți avea nevoie",

		"pair.subject": "Configurarea mecanismului de autorizare – %s",
		"pair.says":    "Identitatea dumneavoastră a fost acceptată. Acesta este primul dintre cei doi pași spre certificatul dumneavoastră de semnare: asociați contului o aplicație de autentificare, cum sunt Microsoft Authenticator sau Google Authenticator. Codurile ei vă vor confirma autentificările și semnăturile. Aveți la îndemână telefonul pe care doriți aplicația.",
		"pair.do":      "Asociați aplicația de autentificare",

		"activate.subject": "Invitație de creare a contului – %s",
		"activate.says":    "Acesta este al doilea dintre cei doi pași spre certificatul dumneavoastră de semnare, după ce aplicația de autentificare a fost asociată: confirmați numărul de telefon, alegeți o parolă, citiți și acceptați termenii. Certificatul se emite la prima autentificare de după aceea.",
		"activate.do":      "Creați contul",

		"paired.subject": "Aplicația dumneavoastră de autentificare a fost înlocuită – %s",
		"paired.says":    "Identitatea dumneavoastră a fost verificată din nou, iar contului i-a fost asociată o altă aplicație de autentificare. Codurile celei dinainte nu mai sunt valabile, iar dumneavoastră ați fost deconectat peste tot.",
		"paired.do":      "La paginile dumneavoastră",
		"paired.short":   "%s: contului i-a fost asociată altă aplicație de autentificare. %s",

		"recovers.subject": "O nouă cale de acces la contul dumneavoastră – %s",
		"recovers.says":    "Ni s-a spus că ați pierdut cele cu care vă autentificați și semnați și că identitatea dumneavoastră a fost verificată din nou. De aceea veți asocia încă o dată o aplicație de autentificare și veți alege o parolă: urmează e-mailurile pentru aceasta. De acum nu se mai semnează nimic în numele dumneavoastră, iar dumneavoastră ați fost deconectat peste tot.",
		"recovers.do":      "La paginile dumneavoastră",
		"recovers.short":   "%s: se cere alt acces la cont, iar nimic nu se semnează. %s",

		"replaced.subject": "Mijlocul cu care vă dovediți identitatea a fost înlocuit – %s",
		"replaced.says":    "Cel care administrează serviciul v-a dat altă aplicație de autentificare, altă parolă, alt PIN sau alt număr de telefon în locul celui dinainte, care nu mai este valabil. Ați fost deconectat peste tot.",
		"replaced.do":      "La paginile dumneavoastră",
		"replaced.short":   "%s: v-a fost înlocuit un mijloc de autentificare. %s",

		"recovered.subject": "Noua cale de acces la contul dumneavoastră – %s",
		"recovered.says":    "V-ați configurat contul din nou: contează parola cea nouă și codurile noii aplicații de autentificare. Certificatul îl găsiți pe paginile dumneavoastră, la securitate.",
		"recovered.do":      "La paginile dumneavoastră",

		"signs.later":  "Nici după asociere nu se poate semna încă %s, pentru ca totul să poată fi oprit dacă ceva nu este în regulă.",
		"signs.from":   "Puteți semna din nou de la %s. Până atunci nu se poate semna nimic, pentru ca totul să poată fi oprit dacă ceva nu este în regulă.",
		"object.tell":  "Dacă nu ați cerut-o dumneavoastră, anunțați-l imediat pe cel care administrează serviciul.",
		"object.call":  "Dacă nu ați cerut-o dumneavoastră, sunați imediat: %s",
		"object.still": "Totul mai poate fi oprit.",

		"issued.subject": "Certificatul dumneavoastră de semnare – %s",
		"issued.says":    "Certificatul dumneavoastră de semnare a fost emis. De acum puteți semna cu el, cu parola pe care ați ales-o și cu codurile aplicației de autentificare. Îl găsiți pe paginile dumneavoastră, la securitate.",
		"issued.do":      "La paginile dumneavoastră",

		"code.short":   "%s: %s este codul care vă confirmă numărul de telefon. Valabil %s. Nu îl spuneți nimănui.",
		"hour.one":     "%d oră",
		"hour.few":     "%d ore",
		"hour.other":   "%d de ore",
		"minute.one":   "%d minut",
		"minute.few":   "%d minute",
		"minute.other": "%d de minute",
	},
}
