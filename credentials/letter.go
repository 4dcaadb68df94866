package credentials

import (
	"cmp"
	"context"
	"fmt"

	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/users"
)

// words are what letters to signers say, in each language; formats of package
// fmt.
var words = map[string]map[string]string{
	"en": {
		"code.subject": "Your code for %s",
		"code.says":    "The application “%s” asks for your approval to sign with “%s”. This is your code:",
		"code.adds":    "Type it only where you began to sign. It is good once, for %d minutes. Nobody who works for us will ever ask you for it. If you are not signing anything, somebody else is trying to: tell whoever runs this service.",
		"ask.subject":  "%s: something waits for your approval",
		"ask.says":     "The application “%s” asks you to approve %s with “%s”. See on our page what it is; there you approve it with a code of your authenticator, or decline.",
		"ask.do":       "See what it is",
		"ask.adds":     "The link is good for %d minutes. Opening it approves nothing. If you did not begin this, decline it there, and tell whoever runs this service.",
		"ask.short":    "%s: the application “%s” waits for your approval. See what it is, within %d minutes: %s",
		"ask.one":      "%d signature",
		"ask.other":    "%d signatures",
		"gone.subject": "%s: a certificate of yours was deleted",
		"gone.says":    "The application “%s” deleted your signing certificate “%s”, and its key was destroyed. It may do so without asking you. What was signed before stays signed.",
		"gone.adds":    "If you did not expect this, tell whoever runs this service.",
		"gone.short":   "%s: the application “%s” deleted your signing certificate “%s”.",
		"code.short":   "%s: %s is your code to sign with the application “%s”. Good for %d minutes. Tell it to nobody.",
	},
	"ro": {
		"code.subject": "Codul dumneavoastră pentru %s",
		"code.says":    "Aplicația „%s” vă cere acordul pentru a semna cu „%s”. Acesta este codul:",
		"code.adds":    "Scrieți-l numai acolo unde ați început semnarea. Este valabil o singură dată, timp de %d minute. Nimeni dintre cei care lucrează la noi nu vi-l va cere vreodată. Dacă nu semnați nimic, altcineva încearcă: anunțați-l pe cel care administrează serviciul.",
		"ask.subject":  "%s: ceva așteaptă acordul dumneavoastră",
		"ask.says":     "Aplicația „%s” vă cere acordul pentru %s cu „%s”. Vedeți pe pagina noastră despre ce este vorba; acolo vă dați acordul cu un cod al aplicației de autentificare sau refuzați.",
		"ask.do":       "Vedeți despre ce este vorba",
		"ask.adds":     "Linkul este valabil %d minute. Deschiderea lui nu înseamnă niciun acord. Dacă nu ați început dumneavoastră, refuzați acolo și anunțați-l pe cel care administrează serviciul.",
		"ask.short":    "%s: aplicația „%s” așteaptă acordul dumneavoastră. Vedeți despre ce este vorba, în %d minute: %s",
		"ask.one":      "%d semnătură",
		"ask.few":      "%d semnături",
		"ask.other":    "%d de semnături",
		"gone.subject": "%s: un certificat al dumneavoastră a fost șters",
		"gone.says":    "Aplicația „%s” a șters certificatul dumneavoastră de semnare „%s”, iar cheia lui a fost distrusă. Poate face acest lucru fără să vă întrebe. Ce a fost semnat înainte rămâne semnat.",
		"gone.adds":    "Dacă nu vă așteptați la aceasta, anunțați-l pe cel care administrează serviciul.",
		"gone.short":   "%s: aplicația „%s” a șters certificatul dumneavoastră de semnare „%s”.",
		"code.short":   "%s: %s este codul dumneavoastră pentru a semna în aplicația „%s”. Valabil %d minute. Nu îl spuneți nimănui.",
	},
}

func say(lang, key string, args ...any) string { return fmt.Sprintf(words[lang][key], args...) }

// application is what a client is called in a letter.
func (s *Challenges) application(ctx context.Context, clientID string) (string, error) {
	name, err := s.ClientName(ctx, clientID)
	if err != nil {
		return "", fmt.Errorf("find name of client: %w", err)
	}
	return cmp.Or(notify.Name(name), clientID), nil
}

// called is what a credential is called in a letter.
func (c Credential) called() string {
	return cmp.Or(notify.Name(c.Description), c.ID)
}

// codeLetter brings a signer a code.
func (s *Challenges) codeLetter(ctx context.Context, who Caller, c Credential, signer users.User, code string) (notify.Letter, error) {
	application, err := s.application(ctx, who.ClientID)
	lang, minutes := Language(signer.Locale), int(challengeLife.Minutes())
	return notify.Letter{
		Lang: lang, From: s.From, Subject: say(lang, "code.subject", s.From),
		Says: []string{say(lang, "code.says", application, c.called())}, Code: code,
		Adds:  []string{say(lang, "code.adds", minutes)},
		Short: say(lang, "code.short", s.From, code, application, minutes),
	}, err
}

// approvalLetter brings a signer the link to what waits for him.
func (s *Challenges) approvalLetter(ctx context.Context, who Caller, c Credential, signer users.User, count int, link csc.Secret) (notify.Letter, error) {
	application, err := s.application(ctx, who.ClientID)
	lang, minutes := Language(signer.Locale), int(approvalLife.Minutes())
	url := s.ApproveURL + "?i=" + string(link)
	return notify.Letter{
		Lang: lang, From: s.From, Subject: say(lang, "ask.subject", s.From),
		Says: []string{say(lang, "ask.says", application, signatures(lang, count), c.called())},
		Link: url, Do: say(lang, "ask.do"), Adds: []string{say(lang, "ask.adds", minutes)},
		Short: say(lang, "ask.short", s.From, application, minutes, url),
	}, err
}

// TellDeletion tells an owner that a client deleted a credential of his.
func (a Authorizer) TellDeletion(ctx context.Context, ended Credential, clientID string) error {
	signer, err := a.Register.Users.User(ctx, ended.UserID)
	if err != nil {
		return fmt.Errorf("read signer: %w", err)
	}
	application, err := a.Challenges.application(ctx, clientID)
	if err != nil {
		return err
	}
	sender, to := anyWay(a.Challenges.Post, signer)
	if sender == nil {
		return errNoAddress
	}
	s, lang := a.Challenges, Language(signer.Locale)
	return deliver(ctx, sender, notify.Letter{
		Lang: lang, From: s.From, Subject: say(lang, "gone.subject", s.From),
		Says: []string{say(lang, "gone.says", application, ended.called())}, Adds: []string{say(lang, "gone.adds")},
		Short: say(lang, "gone.short", s.From, application, ended.called()),
	}, to)
}

// signatures is how many there are, in words: 1 semnătură, 2 semnături, 20 de
// semnături.
func signatures(lang string, n int) string {
	return say(lang, "ask."+notify.Plural(lang, n), n)
}
