package portal

// documentEnglish are the texts of the pages with documents.
var documentEnglish = map[string]string{
	"nav.documents": "Sign",
	"nav.history":   "History",

	"documents.title":     "Sign documents",
	"documents.choose":    "PDF documents to sign",
	"documents.limits":    "Up to %s at a time, each of at most %d MB.",
	"documents.kept":      "They are kept encrypted, nobody else can read them, and they are deleted after %s or when you say so.",
	"documents.bring":     "Add the files",
	"documents.refused":   "These files were not taken:",
	"documents.free":      "Ready to be signed",
	"documents.view":      "View, place mark",
	"documents.delete":    "Delete",
	"documents.sign":      "Go on with those chosen",
	"documents.waiting":   "Waiting for your agreement",
	"documents.go":        "Go on",
	"documents.signed":    "Signed",
	"documents.until":     "Download them: signed documents are deleted here after %s.",
	"documents.at":        "Signed %s",
	"documents.download":  "Download",
	"documents.fetch":     "Download and delete here",
	"documents.pages.one": "%d page", "documents.pages.few": "%d pages", "documents.pages.other": "%d pages",

	"documents.hours.one": "%d hour", "documents.hours.few": "%d hours", "documents.hours.other": "%d hours",
	"documents.files.one": "%d file", "documents.files.few": "%d files", "documents.files.other": "%d files",

	"documents.done.deleted": "Deleted.",
	"documents.done.mark":    "Kept.",

	"documents.error.none":        "Choose at least one PDF file.",
	"documents.error.many":        "That is too many at once. Take fewer, and the rest afterwards.",
	"documents.error.upload":      "Not all of the files came through. Those that are listed did; add the others again.",
	"documents.error.busy":        "This document is just being signed, so it cannot be deleted. Go on with it, or give it up there.",
	"documents.error.choose":      "Choose at least one document.",
	"documents.error.changed":     "Something has changed meanwhile, perhaps in another window. Look at the list and choose again.",
	"documents.error.certificate": "You have no certificate to sign with on these pages. Look at Security, or ask whoever runs this service.",
	"documents.error.return":      "This answer was used already, or another one took its place. What you were signing is in the list.",

	"documents.fault.empty":    "the file is empty. Save it again where it comes from, and add that.",
	"documents.fault.large":    "the file is too large. Save it with smaller pictures, or in parts.",
	"documents.fault.kind":     "this is not a PDF, whatever it is called. Save or print it as PDF, and add that.",
	"documents.fault.damaged":  "the PDF is damaged or not built as it must be. Open it, print it as PDF, and add that.",
	"documents.fault.password": "the PDF needs a password. Save it without one, and add that.",
	"documents.fault.locked":   "whoever made the PDF allows no further signature. Ask for a copy that may be signed.",
	"documents.fault.form":     "the PDF is an interactive form whose content a signature cannot protect. Print it as PDF, and add that.",
	"documents.fault.hostile":  "the PDF takes too much time or memory to read. Print it as PDF, and add that.",
	"documents.fault.full":     "you have as many documents here as there can be. Delete some, and add it again.",

	"document.title":       "Document",
	"document.open":        "Open the document",
	"document.mark":        "Where the signature is seen",
	"document.seen":        "Signature seen on page %d",
	"document.unseen":      "Signature not seen on the page",
	"document.button":      "Keep",
	"document.error.place": "There is no such place in this document. Type the number of a page and how many millimetres from its left and top edges.",
}
