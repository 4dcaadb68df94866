package transcript

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// secret are members and parameters whose values open something.
const secret = `access_token|refresh_token|SAD|handle|responseID|requestID|request_uri|registration_access_token|challenge`

// replacements are what differs from run to run, and what stands in its stead.
var replacements = []struct {
	old *regexp.Regexp
	new string
}{
	{regexp.MustCompile(`"(` + secret + `)": "[^"]*"`), `"$1": "<$1>"`},
	{regexp.MustCompile(`\b(code|i|state|request_uri)=[A-Za-z0-9_.%:~-]+`), `$1=<$1>`},
	{regexp.MustCompile(`"expiresIn": \d+`), `"expiresIn": <seconds>`},
	{regexp.MustCompile(`localhost(:|%3A)\d+`), `localhost${1}8443`},
	{regexp.MustCompile(`"(valid(?:From|To))": "\d{14}Z"`), `"$1": "<time>"`},
	{regexp.MustCompile(`"serialNumber": "[0-9a-f]+"`), `"serialNumber": "<hex>"`},
	{regexp.MustCompile(`SERIALNUMBER=[0-9a-f]+`), `SERIALNUMBER=<hex>`},
	{regexp.MustCompile(`[A-Za-z0-9+/]{60,}={0,2}`), `<Base64>`},
}

// named are the ids of what a server makes. Each is another in each run, and is
// told by the order in which they come.
var named = regexp.MustCompile(`\b([acu])_[0-9a-f]{32}\b`)

// A volatile remembers the ids that were told.
type volatile struct{ ids []string }

// replace puts what is the same in every run in the stead of what is not.
func (v *volatile) replace(text string) string {
	for _, r := range replacements {
		text = r.old.ReplaceAllString(text, r.new)
	}
	return named.ReplaceAllStringFunc(text, func(id string) string {
		if !slices.Contains(v.ids, id) {
			v.ids = append(v.ids, id)
		}
		n := 0
		for _, other := range v.ids[:slices.Index(v.ids, id)+1] {
			if strings.HasPrefix(other, id[:2]) {
				n++
			}
		}
		return fmt.Sprintf("%s%d", id[:2], n)
	})
}
