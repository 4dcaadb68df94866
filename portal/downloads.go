package portal

import (
	"net/http"
)

// DownloadsPath is where signers find what they need and we do not make.
const DownloadsPath = "/downloads"

// An app is an authenticator with whoever hands it out.
type app struct {
	Name   string
	Stores []store
}

type store struct{ Name, URL string }

// apps are those that many have, and some for who wants others.
var apps = []app{
	{"Google Authenticator", []store{
		{"Google Play (Android)", "https://play.google.com/store/apps/details?id=com.google.android.apps.authenticator2"},
		{"App Store (iPhone, iPad)", "https://apps.apple.com/app/google-authenticator/id388497605"},
	}},
	{"Microsoft Authenticator", []store{
		{"Google Play (Android)", "https://play.google.com/store/apps/details?id=com.azure.authenticator"},
		{"App Store (iPhone, iPad)", "https://apps.apple.com/app/microsoft-authenticator/id983156458"},
	}},
	{"Aegis Authenticator", []store{{"F-Droid (Android)", "https://f-droid.org/packages/com.beemdevelopment.aegis/"}}},
	{"KeePassXC", []store{{"keepassxc.org (Windows, macOS, Linux)", "https://keepassxc.org/download/"}}},
}

// A downloadsPage is what the downloads page shows.
type downloadsPage struct {
	frame
	Apps   []app
	Verify string // the page where documents are verified, "" if there is none
}

func (p *Pages) showDownloads(w http.ResponseWriter, r *http.Request) {
	at := p.visit(w, r, DownloadsPath)
	shown := downloadsPage{frame: frame{Frame: p.book.Frame(at, "downloads.title")}, Apps: apps}
	if p.Verifier != nil {
		shown.Verify = VerifyPath
	}
	p.book.Render(at, http.StatusOK, "downloads.html", shown)
}
