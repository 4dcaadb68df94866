package portal

// documentRomanian are the texts of the pages with documents.
var documentRomanian = map[string]string{
	"nav.documents": "Semnare",
	"nav.history":   "Istoric",

	"documents.title":     "Semnați documente",
	"documents.choose":    "Documente PDF de semnat",
	"documents.limits":    "Cel mult %s odată, fiecare de cel mult %d MB.",
	"documents.kept":      "Sunt păstrate criptat, nu le poate citi altcineva și se șterg după %s sau când cereți.",
	"documents.bring":     "Adăugați fișierele",
	"documents.refused":   "Aceste fișiere nu au fost primite:",
	"documents.free":      "Gata de semnat",
	"documents.view":      "Vedeți, așezați semnul",
	"documents.delete":    "Ștergeți",
	"documents.sign":      "Continuați cu cele alese",
	"documents.waiting":   "Așteaptă acordul dumneavoastră",
	"documents.go":        "Continuați",
	"documents.signed":    "Semnate",
	"documents.until":     "Descărcați-le: documentele semnate se șterg de aici după %s.",
	"documents.at":        "Semnat la %s",
	"documents.download":  "Descărcați",
	"documents.fetch":     "Descărcați și ștergeți de aici",
	"documents.pages.one": "%d pagină", "documents.pages.few": "%d pagini", "documents.pages.other": "%d de pagini",

	"documents.hours.one": "%d oră", "documents.hours.few": "%d ore", "documents.hours.other": "%d de ore",
	"documents.files.one": "%d fișier", "documents.files.few": "%d fișiere", "documents.files.other": "%d de fișiere",

	"documents.done.deleted": "Șters.",
	"documents.done.mark":    "Păstrat.",

	"documents.error.none":        "Alegeți cel puțin un fișier PDF.",
	"documents.error.many":        "Sunt prea multe odată. Luați mai puține, iar pe celelalte după aceea.",
	"documents.error.upload":      "Nu au ajuns toate fișierele. Cele din listă au ajuns; adăugați-le din nou pe celelalte.",
	"documents.error.busy":        "Documentul tocmai se semnează, deci nu poate fi șters. Continuați cu el sau renunțați acolo.",
	"documents.error.choose":      "Alegeți cel puțin un document.",
	"documents.error.changed":     "Între timp s-a schimbat ceva, poate în altă fereastră. Uitați-vă la listă și alegeți din nou.",
	"documents.error.certificate": "Nu aveți un certificat cu care să semnați în aceste pagini. Vedeți la Securitate sau întrebați-l pe cel care administrează serviciul.",
	"documents.error.return":      "Acest răspuns a fost deja folosit sau altul i-a luat locul. Ce semnați se află în listă.",

	"documents.fault.empty":    "fișierul este gol. Salvați-l din nou de unde provine și adăugați-l pe acela.",
	"documents.fault.large":    "fișierul este prea mare. Salvați-l cu imagini mai mici sau pe părți.",
	"documents.fault.kind":     "nu este un PDF, oricum s-ar numi. Salvați-l sau tipăriți-l ca PDF și adăugați-l pe acela.",
	"documents.fault.damaged":  "PDF-ul este deteriorat sau nu este făcut cum trebuie. Deschideți-l, tipăriți-l ca PDF și adăugați-l pe acela.",
	"documents.fault.password": "PDF-ul cere o parolă. Salvați-l fără parolă și adăugați-l pe acela.",
	"documents.fault.locked":   "cel care a făcut PDF-ul nu permite încă o semnătură. Cereți o copie care poate fi semnată.",
	"documents.fault.form":     "PDF-ul este un formular interactiv al cărui conținut nu poate fi protejat de o semnătură. Tipăriți-l ca PDF și adăugați-l pe acela.",
	"documents.fault.hostile":  "citirea PDF-ului ia prea mult timp sau prea multă memorie. Tipăriți-l ca PDF și adăugați-l pe acela.",
	"documents.fault.full":     "aveți aici atâtea documente câte pot fi. Ștergeți câteva și adăugați-l din nou.",

	"document.title":       "Document",
	"document.open":        "Deschideți documentul",
	"document.mark":        "Unde se vede semnătura",
	"document.seen":        "Semnătura se vede pe pagina %d",
	"document.unseen":      "Semnătura nu se vede pe pagină",
	"document.button":      "Păstrați",
	"document.error.place": "Nu există un astfel de loc în document. Scrieți numărul unei pagini și câți milimetri sunt de la marginile ei din stânga și de sus.",
}
