package portal

// welcomeEnglish are the texts of the way from an invitation to a certificate, and
// of what signers are told by mail.
var welcomeEnglish = map[string]string{
	"notice.session.subject":       "%s: you logged in",
	"notice.session.says":          "Somebody logged in to your pages with your password and a code of your authenticator.",
	"notice.session.wrong":         "If that was you, there is nothing to do. If it was not: change your password on the security page, end the session there, and tell whoever runs this service.",
	"notice.password.subject":      "%s: your password was changed",
	"notice.password.says":         "Your password was changed. Everywhere else you are logged out.",
	"notice.authenticator.subject": "%s: you have another authenticator",
	"notice.authenticator.says":    "Another authenticator app was paired with your account. The codes of the old one are good for nothing any more.",
	"notice.factor.wrong":          "If that was you, there is nothing to do. If it was not, tell whoever runs this service at once: nobody can sign in your name after your account was locked.",
	"notice.when":                  "When: %s",
	"notice.where":                 "Where: %s, from the network address %s",
	"notice.do":                    "Open the security page",
	"notice.never":                 "Nobody who works for us will ever ask you for a password or a code.",

	"outbox.title": "Messages",
	"outbox.lead":  "Nothing is sent here: these messages are kept in a folder, for trying, and shown on this machine only.",
	"outbox.none":  "There are no messages yet.",
	"outbox.mail":  "Mail",
	"outbox.sms":   "SMS",
	"outbox.to":    "To",
	"outbox.at":    "Written",
	"outbox.view":  "Show it as a mail program does",
	"outbox.back":  "All messages",

	"downloads.title":  "What you need",
	"downloads.lead":   "An authenticator app on your phone, and the browser you are looking at. Nothing else has to be installed.",
	"downloads.apps":   "Authenticator apps",
	"downloads.hint":   "Any app that shows codes of six digits by the clock will do (TOTP, RFC 6238). If you have one, keep it. These are known to work:",
	"downloads.store":  "The links lead to the stores of others, which we have no part in. You can as well open the store on your phone and search for the name.",
	"downloads.pages":  "Where to go then",
	"downloads.portal": "Your pages",
}
