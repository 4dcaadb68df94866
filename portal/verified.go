package portal

import (
	"github.com/pecete/pecete/page"
	"github.com/pecete/pecete/verify"
)

// verifiedPage is what there is to say of a file.
type verifiedPage struct {
	page.Frame
	Words      Words
	File       string
	Size       int    // number of signatures
	Verdict    string // key of a text
	Good       bool
	Against    problems
	Signatures []saidSignature
}

// A saidSignature is one of the signatures, in texts and what goes into them.
type saidSignature struct {
	verify.SignatureFacts
	Number  int
	Of      int
	Signer  verify.Certificate // empty if nobody could be read
	Issuer  string
	Since   []string // keys of texts
	Against problems
	Verdict string
	Revoked string
}

// A saidProblem is a text, and what exactly was found.
type saidProblem struct {
	Text    string // key
	Exactly []verify.Finding
}

// problems are what speaks against something, for the part of a page that says it.
type problems struct {
	Words
	Problems []saidProblem
}

func told(f page.Frame, file string, facts verify.Facts) verifiedPage {
	words := Words{f.T}
	p := verifiedPage{Frame: f, Words: words, File: file, Size: len(facts.Signatures), Good: facts.Valid, Against: problems{words, say(facts.Problems)}}
	switch {
	case p.Size == 0:
		p.Verdict = "verified.unsigned"
	case facts.Valid:
		p.Verdict = "verified.valid"
	default:
		p.Verdict = "verified.invalid"
	}
	for n, s := range facts.Signatures {
		p.Signatures = append(p.Signatures, toldSignature(words, n+1, len(facts.Signatures), s))
	}
	return p
}

func toldSignature(words Words, n, of int, s verify.SignatureFacts) saidSignature {
	said := saidSignature{
		SignatureFacts: s, Number: n, Of: of, Against: problems{words, say(s.Problems)}, Verdict: "signature.invalid",
		Revoked: revocationTexts[s.Revocation], Since: sinceTexts(s),
	}
	if s.Valid {
		said.Verdict = "signature.valid"
	}
	if len(s.Chain) > 0 {
		said.Signer = s.Chain[0]
		said.Issuer = s.Chain[0].IssuerName
	}
	return said
}

// say puts each kind of problem once, with all that was found of it.
func say(problems verify.Problems) (all []saidProblem) {
	at := map[verify.Kind]int{}
	for _, p := range problems {
		n, there := at[p.Kind]
		if !there {
			at[p.Kind] = len(all)
			all = append(all, saidProblem{Text: problemTexts[p.Kind]})
			n = len(all) - 1
		}
		all[n].Exactly = append(all[n].Exactly, p.Finding)
	}
	return all
}

var problemTexts = map[verify.Kind]string{
	verify.Changed: "problem.changed", verify.Altered: "problem.altered", verify.Forged: "problem.forged",
	verify.Malformed: "problem.malformed", verify.Unsupported: "problem.unsupported", verify.Untrusted: "problem.untrusted",
	verify.Expired: "problem.expired", verify.Unfit: "problem.unfit", verify.Revoked: "problem.revoked",
	verify.Hidden: "problem.hidden", verify.Uncovered: "problem.uncovered",
}
