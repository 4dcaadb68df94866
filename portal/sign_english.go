package portal

// signEnglish are the texts of the pages on which documents are signed.
var signEnglish = map[string]string{
	"sheet.title":  "What you are about to sign",
	"sheet.lead":   "Look at the list. One code will sign all of it, and nothing else.",
	"sheet.digest": "SHA-256 of the file",
	"sheet.with":   "With the certificate of",
	"sheet.which":  "With which certificate",
	"sheet.until":  "Valid to %s",
	"sheet.next":   "On the next page you log in and type a code from your authenticator app. Until then nothing is signed.",
	"sheet.button": "Go on to agree",

	"sign.title":      "Signing",
	"sign.result":     "Result",
	"sign.waits":      "Nothing is signed yet: you have not agreed with a code. Go on, or give it up; the documents stay in the list.",
	"sign.works":      "You have agreed, and your documents are being signed. This page looks by itself how far it is.",
	"sign.soon":       "Being signed",
	"sign.not":        "Not signed",
	"sign.done.one":   "%d document is signed, and its signature was verified.",
	"sign.done.few":   "%d documents are signed, and their signatures were verified.",
	"sign.done.other": "%d documents are signed, and their signatures were verified.",
	"sign.drop":       "Give it up",
	"sign.look":       "Look again",
	"sign.all":        "Download all in one file",
	"sign.more":       "Sign more",
	"sign.again":      "Back to the documents",
	"sign.suffix":     "signed",

	"sign.reason.declined":    "You declined. Nothing was signed, and the documents are in the list as before.",
	"sign.reason.dropped":     "Given up. Nothing was signed, and the documents are in the list as before.",
	"sign.reason.late":        "That took too long. Nothing was signed, and the documents are in the list as before: choose them again.",
	"sign.reason.changed":     "A document or the certificate is not what it was when you chose. Nothing was signed: look at the list and choose again.",
	"sign.reason.unreadable":  "One of the documents cannot be signed as it is built. Nothing was signed. Print it as PDF, add that in its place, and choose again.",
	"sign.reason.refused":     "The server did not sign: the code came too late, or the certificate is not good any more. The documents are in the list as before. Choose them again, with the next code.",
	"sign.reason.interrupted": "Something broke after you had agreed. No document was signed, what you agreed to is over, and the documents are in the list as before. Choose them again, with the next code.",

	"history.title":   "What you signed here",
	"history.lead":    "The name and the fingerprints of each document are kept, and not the document.",
	"history.none":    "Nothing yet.",
	"history.digests": "Fingerprints (SHA-256)",
	"history.brought": "Of the file that you added",
	"history.signed":  "Of the signed file",
}
