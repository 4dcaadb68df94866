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
		"code.short":   "%s: %s is your code to sign with the application “%s”. Good for %d minutes. Tell it to nobody.",

		"suspended.subject": "%s: your certificate was suspended",
		"suspended.says":    "Whoever runs this service suspended your certificate “%s” on %s. Until that is ended nothing can be signed with it, and whoever checks your signatures is told of it. What you signed before stays signed.",
		"suspended.short":   "%s: your certificate “%s” was suspended on %s.",
		"resumed.subject":   "%s: your certificate can be used again",
		"resumed.says":      "Whoever runs this service ended the suspension of your certificate “%s” on %s. You can sign with it again.",
		"resumed.short":     "%s: the suspension of your certificate “%s” was ended on %s.",
		"revoked.subject":   "%s: your certificate was revoked",
		"revoked.says":      "Whoever runs this service revoked your certificate “%s” on %s. That is for good: nothing can be signed with it any more, and whoever checks your signatures is told of it. What has a time-stamp from before stays valid.",
		"revoked.short":     "%s: your certificate “%s” was revoked on %s.",
		"deleted.subject":   "%s: a certificate of yours was deleted",
		"deleted.says":      "The application “%s” deleted your certificate “%s” on %s, and its key was destroyed. It may do so without asking you. What was signed before stays signed.",
		"deleted.short":     "%s: the application “%s” deleted your certificate “%s” on %s.",
		"ended.subject":     "%s: a certificate of yours was deleted and revoked",
		"ended.says":        "The application “%s” deleted your certificate “%s” on %s: it was revoked for good, and its key was destroyed. Whoever checks your signatures is told of it. What has a time-stamp from before stays valid.",
		"ended.short":       "%s: the application “%s” deleted and revoked your certificate “%s” on %s.",
		"fate.reason":       "Reason: %s.",
		"fate.do":           "See your certificates",
		"fate.adds":         "If you did not expect this, tell whoever runs this service at once: it may be a precaution, or somebody pretended to be you.",
		"fate.never":        "Nobody who works for us will ever ask you for a code or a password.",
		"reason.0":          "none was given",
		"reason.1":          "others may have got hold of the key",
		"reason.2":          "others may have got hold of the authority's key",
		"reason.3":          "what the certificate says of you has changed",
		"reason.4":          "another certificate takes its place",
		"reason.5":          "it is no longer needed",
		"reason.9":          "you may no longer have it",
		"reason.10":         "others may have got hold of the key of who vouched for you",
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
		"code.short":   "%s: %s este codul dumneavoastră pentru a semna în aplicația „%s”. Valabil %d minute. Nu îl spuneți nimănui.",

		"suspended.subject": "%s: certificatul dumneavoastră a fost suspendat",
		"suspended.says":    "Cel care administrează serviciul a suspendat certificatul dumneavoastră „%s” la %s. Până la încetarea suspendării nu se poate semna nimic cu el, iar cine vă verifică semnăturile află acest lucru. Ce ați semnat înainte rămâne semnat.",
		"suspended.short":   "%s: certificatul dumneavoastră „%s” a fost suspendat la %s.",
		"resumed.subject":   "%s: certificatul dumneavoastră poate fi folosit din nou",
		"resumed.says":      "Cel care administrează serviciul a pus capăt suspendării certificatului dumneavoastră „%s” la %s. Puteți semna din nou cu el.",
		"resumed.short":     "%s: suspendarea certificatului dumneavoastră „%s” a încetat la %s.",
		"revoked.subject":   "%s: certificatul dumneavoastră a fost revocat",
		"revoked.says":      "Cel care administrează serviciul a revocat certificatul dumneavoastră „%s” la %s. Revocarea este definitivă: nu se mai poate semna nimic cu el, iar cine vă verifică semnăturile află acest lucru. Ce are o marcă temporală de dinainte rămâne valabil.",
		"revoked.short":     "%s: certificatul dumneavoastră „%s” a fost revocat la %s.",
		"deleted.subject":   "%s: un certificat al dumneavoastră a fost șters",
		"deleted.says":      "Aplicația „%s” a șters certificatul dumneavoastră „%s” la %s, iar cheia lui a fost distrusă. Poate face acest lucru fără să vă întrebe. Ce a fost semnat înainte rămâne semnat.",
		"deleted.short":     "%s: aplicația „%s” a șters certificatul dumneavoastră „%s” la %s.",
		"ended.subject":     "%s: un certificat al dumneavoastră a fost șters și revocat",
		"ended.says":        "Aplicația „%s” a șters certificatul dumneavoastră „%s” la %s: a fost revocat definitiv, iar cheia lui a fost distrusă. Cine vă verifică semnăturile află acest lucru. Ce are o marcă temporală de dinainte rămâne valabil.",
		"ended.short":       "%s: aplicația „%s” a șters și a revocat certificatul dumneavoastră „%s” la %s.",
		"fate.reason":       "Motivul: %s.",
		"fate.do":           "Vedeți certificatele dumneavoastră",
		"fate.adds":         "Dacă nu vă așteptați la aceasta, anunțați-l imediat pe cel care administrează serviciul: poate fi o măsură de precauție sau cineva s-a dat drept dumneavoastră.",
		"fate.never":        "Nimeni dintre cei care lucrează la noi nu vă va cere vreodată un cod sau o parolă.",
		"reason.0":          "nu a fost dat niciunul",
		"reason.1":          "este posibil ca alții să fi ajuns la cheie",
		"reason.2":          "este posibil ca alții să fi ajuns la cheia autorității",
		"reason.3":          "ce spune certificatul despre dumneavoastră s-a schimbat",
		"reason.4":          "alt certificat îi ia locul",
		"reason.5":          "nu mai este nevoie de el",
		"reason.9":          "nu mai aveți dreptul la el",
		"reason.10":         "este posibil ca alții să fi ajuns la cheia celui care a garantat pentru dumneavoastră",
	},
}

func say(lang, key string, args ...any) string { return fmt.Sprintf(words[lang][key], args...) }

// application is what a client is called in a letter.
func (s *Challenges) application(ctx context.Context, clientID string) (string, error) {
	return applicationOf(ctx, s.ClientName, clientID)
}

func applicationOf(ctx context.Context, named func(context.Context, string) (string, error), clientID string) (string, error) {
	name, err := named(ctx, clientID)
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

// signatures is how many there are, in words: 1 semnătură, 2 semnături, 20 de
// semnături.
func signatures(lang string, n int) string {
	return say(lang, "ask."+notify.Plural(lang, n), n)
}
