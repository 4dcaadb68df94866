package login

import "fmt"

func english() tongue {
	return tongue{
		Tag: "en", Name: "English", texts: englishTexts,
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

var englishTexts = map[string]string{
	"frame.language": "Language",
	"frame.demo":     "Demo – no legal value",

	"login.title":          "Log in",
	"login.asks":           "Asking for your approval",
	"login.why.service":    "This application wants to see your signing certificates. Nothing can be signed with this.",
	"login.why.credential": "This application wants you to sign something. On the next page you see what, and can still decline.",
	"login.email":          "E-mail",
	"login.password":       "Password",
	"login.button":         "Log in",
	"login.bound":          "The application asks for this account, and no other can be used.",
	"login.error.account":  "The application asks for another account. Log in with that one.",
	"login.error.empty":    "Fill in both the e-mail and the password.",
	"login.error.wrong":    "This e-mail and password do not go together.",
	"login.error.limits":   "After %d wrong passwords within %d minutes no password is accepted for a while, not even the right one.",
	"login.error.disabled": "Your account is disabled. Ask whoever runs this service.",

	"consent.title":         "Sign",
	"consent.heading.one":   "%d document to sign",
	"consent.heading.few":   "%d documents to sign",
	"consent.heading.other": "%d documents to sign",
	"consent.blank.one":     "%d signature to allow",
	"consent.blank.few":     "%d signatures to allow",
	"consent.blank.other":   "%d signatures to allow",
	"consent.part":          "Part %d of %d",
	"consent.application":   "Application",
	"consent.signer":        "You are",
	"consent.credential":    "Sign with",
	"consent.subject":       "Certificate holder",
	"consent.issuer":        "Issued by",
	"consent.until":         "Valid until",
	"consent.signatures":    "Signatures",
	"consent.hash":          "Hash algorithm",
	"consent.description":   "What the application says",
	"consent.documents":     "Documents",
	"consent.unseen":        "The application prepared these documents; we have not seen them. We show the names and fingerprints that it sent. Sign only what you read there.",
	"consent.unnamed.one":   "The application did not say what will be signed. With your code it gets %d signature, on a document that we cannot show you.",
	"consent.unnamed.few":   "The application did not say what will be signed. With your code it gets %d signatures, on documents that we cannot show you.",
	"consent.unnamed.other": "The application did not say what will be signed. With your code it gets %d signatures, on documents that we cannot show you.",
	"consent.marks":         "Signs such as ⟦U+202E⟧ stand for characters that would not be seen or would reorder the text.",
	"consent.skip":          "Go to the end of the list",
	"consent.choose":        "Choose a certificate",
	"consent.other":         "Choose another certificate",
	"consent.code":          "Code",
	"consent.code.hint":     "The six digits that your authenticator app shows now.",
	"consent.sign.one":      "Sign %d document",
	"consent.sign.few":      "Sign %d documents",
	"consent.sign.other":    "Sign %d documents",
	"consent.allow.one":     "Allow %d signature",
	"consent.allow.few":     "Allow %d signatures",
	"consent.allow.other":   "Allow %d signatures",
	"consent.decline":       "Decline",

	"document.unnamed": "No name given",
	"document.sdr":     "Fingerprint of the whole document",
	"document.dtbsr":   "Fingerprint of the data to be signed",
	"document.prefix":  "Begins with",
	"document.full":    "Whole fingerprint",
	"document.mixed":   "This name mixes letters of different alphabets that look alike.",

	"code.error.shape":      "Type the six digits, and nothing else.",
	"code.error.wrong":      "This code is not right.",
	"code.error.used":       "This code was used already. Wait for the next one; it comes within 30 seconds.",
	"code.error.paused":     "Too many codes were not right. Your request stays open; try again later.",
	"code.error.until":      "Codes are accepted again from %s.",
	"code.error.locked":     "Too many codes were not right, so your code is locked. Ask whoever runs this service to unlock it.",
	"code.error.shapes":     "Type the four digits of the number and the six of the code, and nothing else.",
	"code.error.either":     "The number or the code is not right.",
	"code.error.changed":    "What is to be signed was not what you had seen. Read it again.",
	"code.error.left.one":   "You have %d more try.",
	"code.error.left.few":   "You have %d more tries.",
	"code.error.left.other": "You have %d more tries.",
	"code.error.left.none":  "You have no more tries for now.",

	"consent.bar.title":    "This cannot be signed",
	"consent.bar.none":     "You have no certificate that fits what the application asks for.",
	"consent.bar.disabled": "The certificate that the application asks for is disabled.",
	"consent.bar.revoked":  "The certificate that the application asks for is revoked.",
	"consent.bar.expired":  "The certificate that the application asks for has expired.",
	"consent.bar.early":    "The certificate that the application asks for is not valid yet.",
	"consent.bar.mode":     "The certificate that the application asks for is not approved on this page but in the application.",
	"consent.bar.count":    "The application asks for more signatures at once than this certificate allows.",
	"consent.bar.hashes":   "The application did not say for every signature what is to be signed.",
	"consent.bar.back":     "Back to the application",

	"approve.title":          "Approve",
	"approve.lead":           "You were sent a link to this page, because an application asks for your approval. Approve only what you began there yourself.",
	"approve.number":         "Number",
	"approve.number.hint":    "The four digits that the application shows you.",
	"approve.approved.title": "You approved",
	"approve.approved.text":  "The application can go on. You can close this page.",
	"approve.declined.title": "You declined",
	"approve.declined.text":  "Nothing was signed. You can close this page.",

	"fail.over.title":    "This request is over",
	"fail.over.text":     "It was answered, it took too long, or it was begun in another browser. Go back to the application and begin again there.",
	"fail.stale.title":   "This page is out of date",
	"fail.stale.text":    "You logged in again, or cookies are not kept. Nothing was signed.",
	"fail.stale.again":   "Show the page again",
	"fail.foreign.title": "This came from elsewhere",
	"fail.foreign.text":  "Another page sent this in your name. Nothing was signed.",
	"fail.form.title":    "This cannot be read",
	"fail.form.text":     "What was sent is not one of our forms. Nothing was signed.",
	"fail.away.title":    "Not now",
	"fail.away.text":     "A part of this service cannot be reached. Nothing was lost; try again in a minute.",
	"fail.inside.title":  "Something went wrong here",
	"fail.inside.text":   "It is not your fault, and it was noted. Go back to the application and begin again there.",
}
