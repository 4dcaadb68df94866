package oauth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// A record is what is kept of an access token: names and no more, so that it
// holds neither secrets nor what may change behind it.
type record struct {
	Version int       `json:"v"`
	Request string    `json:"request"` // the authorization it came from
	Client  string    `json:"client"`
	Scopes  []string  `json:"scopes"`
	Issued  time.Time `json:"issued"`
	Session session   `json:"session"` // with its end
}

const recordVersion = 2

// mostRecords is how many records a records keeps: some 1 MB of them.
const mostRecords = 1024

// records are those that were decoded lately, by their bytes: a token is used
// again and again, and decoding took longer than all else that is asked about
// it. Nothing that may change is in it: whether there still is a token its store
// is asked every time. The nil records keep none.
type records struct {
	mu     sync.Mutex
	byText map[string]*record
}

// decode is the record of these bytes. It may be others' too, who read it: whoever
// changes something clones it first.
func (k *records) decode(text []byte) (*record, error) {
	if k == nil {
		return decodeRecord(text)
	}
	k.mu.Lock()
	known := k.byText[string(text)]
	k.mu.Unlock()
	if known != nil {
		return known, nil
	}
	r, err := decodeRecord(text)
	if err != nil || r.Session.Permit != nil { // a permit is used once
		return r, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byText == nil || len(k.byText) >= mostRecords {
		k.byText = map[string]*record{} // those in use come back
	}
	k.byText[string(text)] = r
	return r, nil
}

func decodeRecord(text []byte) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("decode access token: %w", err)
	}
	return r, nil
}

// clone shares nothing with k but a permit, which is nobody else's.
func (k *record) clone() *record {
	own := *k
	own.Scopes = slices.Clone(k.Scopes)
	own.Session.Credentials = slices.Clone(k.Session.Credentials)
	own.Session.Expires = maps.Clone(k.Session.Expires)
	return &own
}
