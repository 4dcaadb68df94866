package portal

import "strings"

// browsers and systems are told by the first of these that a User-Agent has: many
// name others that they want to be taken for.
var (
	browsers = []struct{ has, name string }{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = []struct{ has, name string }{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// browserOf is what people call the browser that named itself agent and what it
// runs on, "" for both if either is not known.
func browserOf(agent string) (browser, system string) {
	find := func(all []struct{ has, name string }) string {
		for _, one := range all {
			if strings.Contains(agent, one.has) {
				return one.name
			}
		}
		return ""
	}
	if browser, system = find(browsers), find(systems); browser == "" || system == "" {
		return "", ""
	}
	return browser, system
}
