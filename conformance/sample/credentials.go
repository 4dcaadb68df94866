package sample

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// list lists a signer's credentials (credentials/list, v2.0.0.2 §11.4).
func (s *Server) list(c *call) (members, *fault) {
	user, given := c.body["userID"]
	switch {
	case s.off[AnyUser] && given:
		c.token = &grant{client: c.token.client, user: fmt.Sprint(user)}
	case c.token.user == "" && !given:
		return nil, bad("Missing (or invalid type) string parameter userID")
	case c.token.user != "" && given:
		return nil, bad("userID parameter MUST be null")
	case c.token.user == "" && user != User:
		return nil, bad("Invalid parameter userID")
	case c.token.user == "":
		c.token = &grant{client: c.token.client, user: User}
	}
	if s.off[CreatesOnList] {
		s.create(c.token.user)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []string{}
	for id, k := range s.keys {
		if k.user == c.token.user {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	answer := members{"credentialIDs": ids}
	if c.body["credentialInfo"] != true {
		return answer, nil
	}
	infos := []members{}
	for _, id := range ids {
		one, f := s.told(c, s.keys[id])
		if f != nil {
			return nil, f
		}
		one["credentialID"] = id
		infos = append(infos, one)
	}
	answer["credentialInfos"] = infos
	return answer, nil
}

func (s *Server) create(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	copied := *s.keys[CodeCredential]
	copied.id, copied.user = fmt.Sprintf("made-%d", s.made), user
	s.keys[copied.id] = &copied
}

// find is the credential that a call is about.
func (s *Server) find(c *call) (*credential, *fault) {
	id, f := c.text("credentialID", "Missing (or invalid type) string parameter credentialID")
	if f != nil {
		return nil, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[id]
	user := c.token.user
	if user == "" {
		user = User // whom the client acts for
	}
	if k == nil || k.user != user && !s.off[AnyUser] || c.token.credential != "" && c.token.credential != id {
		return nil, bad("Invalid parameter credentialID")
	}
	return k, nil
}

// describe tells of a credential (credentials/info, v2.0.0.2 §11.5).
func (s *Server) describe(c *call) (members, *fault) {
	k, f := s.find(c)
	if f != nil {
		return nil, f
	}
	return s.told(c, k)
}

// told is what is said of a credential.
func (s *Server) told(c *call, k *credential) (members, *fault) {
	var chain []string
	switch c.body["certificates"] {
	case nil, "single":
		chain = []string{s.encode(k.certificate.Raw)}
	case "chain":
		chain = []string{s.encode(k.certificate.Raw), s.encode(k.authority)}
	case "none":
	default:
		return nil, bad("Invalid parameter certificates")
	}
	key := members{"status": "enabled", "algo": k.algorithms, "len": k.bits}
	if k.bits == 256 {
		key["curve"] = oidP256
	}
	cert := members{"status": "valid"}
	if chain != nil {
		cert["certificates"] = chain
	}
	if c.body["certInfo"] == true {
		const layout = "20060102150405Z"
		cert["issuerDN"], cert["subjectDN"] = k.certificate.Issuer.String(), k.certificate.Subject.String()
		cert["serialNumber"] = fmt.Sprintf("%02X", k.certificate.SerialNumber)
		cert["validFrom"], cert["validTo"] = k.certificate.NotBefore.UTC().Format(layout), k.certificate.NotAfter.UTC().Format(layout)
	}
	answer := members{"description": "A throw-away key", "key": key, "cert": cert, "SCAL": "2", "multisign": 10}
	if c.body["authInfo"] == true {
		auth := members{"mode": k.mode}
		if k.mode == "explicit" {
			auth["expression"] = "PIN"
			auth["objects"] = []members{{"type": "Password", "id": "PIN", "format": "N", "label": "PIN"}}
		}
		answer["auth"] = auth
	}
	return answer, nil
}

// authorize takes a PIN for an authorization (credentials/authorize, v2.0.0.2
// §11.6).
func (s *Server) authorize(c *call) (members, *fault) {
	k, f := s.find(c)
	if f != nil {
		return nil, f
	}
	if k.mode != "explicit" {
		return nil, bad("Invalid parameter credentialID")
	}
	count, f := s.count(c)
	if f != nil {
		return nil, f
	}
	hashes, f := hashesOf(c, count)
	if f != nil {
		return nil, f
	}
	if !s.proved(c.body["authData"]) {
		return nil, &fault{http.StatusBadRequest, "invalid_authentication_data", "The authentication data is invalid"}
	}
	client := c.token.client
	sad := s.put(&grant{client: client, user: User, credential: k.id, hashes: hashes, count: count, until: s.now().Add(sadLife)})
	return members{"SAD": sad, "expiresIn": int(sadLife / time.Second)}, nil
}

// count is how many signatures are asked for.
func (s *Server) count(c *call) (int, *fault) {
	value, there := c.body["numSignatures"]
	if text, is := value.(string); s.off[CountIsText] {
		var n int
		if _, err := fmt.Sscan(text, &n); !is || err != nil {
			return 0, &fault{http.StatusInternalServerError, "server_error", "not a string"}
		}
		return n, nil
	}
	n, is := value.(float64)
	switch {
	case !there || !is || n != float64(int(n)):
		return 0, bad("Missing (or invalid type) integer parameter numSignatures")
	case n < 1:
		return 0, bad("Invalid value for parameter numSignatures")
	case n > 10:
		return 0, bad("Numbers of signatures is too high")
	}
	return int(n), nil
}

// hashesOf are the hashes that are to be agreed on.
func hashesOf(c *call, count int) ([]string, *fault) {
	given, is := c.body["hashes"].([]any)
	if !is || len(given) == 0 {
		return nil, bad("Missing or invalid type array parameter hashes")
	}
	if c.body["hashAlgorithmOID"] != oidSHA256 {
		return nil, bad("Missing (or invalid type) string parameter hashAlgorithmOID")
	}
	if len(given) > count {
		return nil, bad("Invalid parameter numSignatures")
	}
	return digests(given, "hashes")
}

// digests are hashes of SHA-256 in the form that the grant keeps.
func digests(given []any, name string) ([]string, *fault) {
	var all []string
	for _, one := range given {
		text, is := one.(string)
		if !is {
			return nil, bad("Invalid Base64 " + name + " string parameter")
		}
		hash, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, bad("Invalid Base64 " + name + " string parameter")
		}
		if len(hash) != 32 {
			return nil, bad("Invalid digest value length")
		}
		all = append(all, text)
	}
	return all, nil
}

// proved reports whether the PIN is there and right.
func (s *Server) proved(given any) bool {
	list, _ := given.([]any)
	right := 0
	for _, one := range list {
		o, _ := one.(members)
		if o["id"] != "PIN" {
			return false
		}
		if o["value"] == PIN || s.off[AnyProof] {
			right++
		}
	}
	return right == 1 && len(list) == 1
}

// coded reports whether the code is the authenticator's now, and takes it.
func (s *Server) coded(code string) bool {
	if s.off[AnyProof] {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	step := s.now().Unix() / 30
	for _, at := range []int64{step, step - 1, step + 1} {
		if code == totp(at) && !s.steps[at] {
			s.steps[at] = true
			return true
		}
	}
	return false
}

// totp is the code of a step (RFC 6238).
func totp(step int64) string {
	secret, err := base32.StdEncoding.DecodeString(TOTPSecret)
	if err != nil {
		panic(err) // a constant
	}
	h := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	h.Write(counter[:])
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff%1_000_000)
}
