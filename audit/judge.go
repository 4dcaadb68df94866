package audit

import (
	"cmp"
	"slices"
	"strings"
)

// judge finds what is wrong with one grant.
func (a *account) judge() []Finding {
	var all []Finding
	_, faults := a.settle()
	all = append(all, faults...)
	for _, again := range byTime(a.issued)[min(1, len(a.issued)):] {
		all = append(all, finding(again, "the grant was issued before"))
	}
	if len(a.issued) == 0 {
		for _, r := range a.intents {
			all = append(all, finding(r, "an intent without a grant"))
		}
		for _, r := range a.extended {
			all = append(all, finding(r, "an extension of no grant"))
		}
		return all
	}
	return append(all, a.spend(a.issued[0])...)
}

// spend spends the grant on its intents, in the order in which they were
// written, and finds those that it does not cover.
func (a *account) spend(grant Record) []Finding {
	var all []Finding
	left, agreed := grant.Count, count(grant.Hashes)
	for _, r := range byTime(a.intents) {
		all = append(all, terms(grant, r)...)
		if left -= len(r.Hashes); left < 0 {
			all = append(all, finding(r, "%d signatures more than the %d agreed to", min(-left, len(r.Hashes)), grant.Count))
		}
		if !grant.Bound {
			continue
		}
		for _, h := range r.Hashes {
			if _, ok := agreed[h]; !ok {
				all = append(all, finding(r, "hash %s was not agreed to", h))
			} else if agreed[h]--; agreed[h] < 0 {
				all = append(all, finding(r, "hash %s was not agreed to so often", h))
			}
		}
	}
	return append(all, a.extend(grant, max(0, left))...)
}

// extend takes what goes on under other names from what is left. An intent may be
// written after that: the grant was spent before.
func (a *account) extend(grant Record, left int) []Finding {
	var all []Finding
	for i, r := range byTime(a.extended) {
		switch {
		case r.Client != grant.Client || r.User != grant.User || r.Credential != grant.Credential:
			all = append(all, finding(r, "an extension of another's grant"))
		case i > 0:
			all = append(all, finding(r, "the grant was extended before"))
		case r.Log == grant.Log && r.Seq < grant.Seq:
			all = append(all, finding(r, "an extension before its grant"))
		case r.Count > left:
			all = append(all, finding(r, "%d signatures go on, %d were left", r.Count, left))
		case grant.Bound && !r.Bound:
			all = append(all, finding(r, "the grant named its hashes, and its extension names none"))
		}
	}
	return all
}

// terms compares an intent with the grant, all but hashes and count.
func terms(grant, r Record) []Finding {
	var all []Finding
	if r.Log == grant.Log && r.Seq < grant.Seq {
		all = append(all, finding(r, "an intent before its grant"))
	}
	if r.Client != grant.Client {
		all = append(all, finding(r, "client %q spends a grant of %q", r.Client, grant.Client))
	}
	if r.User != grant.User {
		all = append(all, finding(r, "a grant of user %q is spent for %q", grant.User, r.User))
	}
	if r.Credential != grant.Credential {
		all = append(all, finding(r, "a grant for credential %q is spent with %q", grant.Credential, r.Credential))
	}
	if grant.Bound && r.HashOID != grant.HashOID {
		all = append(all, finding(r, "hash algorithm %q, agreed to %q", r.HashOID, grant.HashOID))
	}
	return all
}

// settle gives each outcome its intent: the first before it in the same log
// that has the same request and no outcome yet. It returns the intents left
// over and what is wrong with the outcomes.
func (a *account) settle() (open []Record, faults []Finding) {
	type key struct{ log, request string }
	waits := make(map[key][]Record)
	place := func(x, y Record) int {
		return cmp.Or(cmp.Compare(x.Log, y.Log), cmp.Compare(x.Seq, y.Seq))
	}
	for _, r := range slices.SortedFunc(slices.Values(slices.Concat(a.intents, a.outcomes)), place) {
		k := key{r.Log, r.Request}
		switch {
		case r.Event == SignIntent:
			waits[k] = append(waits[k], r)
			continue
		case len(waits[k]) == 0 && r.Event == SignDone:
			faults = append(faults, finding(r, "%d signatures without an intent", len(r.Signatures)))
			continue
		case len(waits[k]) == 0:
			faults = append(faults, finding(r, "the failure of no intent"))
			continue
		}
		intent := waits[k][0]
		waits[k] = waits[k][1:]
		if over := len(r.Signatures) - len(intent.Hashes); over > 0 {
			faults = append(faults, finding(r, "%d signatures more than the intent of record %d", over, intent.Seq))
		}
	}
	for _, rest := range waits {
		open = append(open, rest...)
	}
	return open, faults
}

// judge finds what is wrong with the uses of one step.
func (s *spending) judge() []Finding {
	var all []Finding
	for _, again := range byTime(s.verified)[min(1, len(s.verified)):] {
		all = append(all, finding(again, "step %d was verified before", again.Step))
	}
	for i, grant := range byTime(s.issued) {
		if i > 0 && !ofOneSAD(grant, s.issued[0]) {
			all = append(all, finding(grant, "step %d stands behind another grant", grant.Step))
		}
		proved := func(v Record) bool { return v.Log != grant.Log || v.Seq < grant.Seq }
		if !slices.ContainsFunc(s.verified, proved) {
			all = append(all, finding(grant, "step %d was not verified", grant.Step))
		}
	}
	return all
}

// ofOneSAD reports whether a signer agreed to both grants at once.
func ofOneSAD(a, b Record) bool {
	one, _, several := strings.Cut(a.Grant, ".")
	other, _, too := strings.Cut(b.Grant, ".")
	return several && too && one == other
}

func count(hashes []string) map[string]int {
	n := make(map[string]int, len(hashes))
	for _, h := range hashes {
		n[h]++
	}
	return n
}
