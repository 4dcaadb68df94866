package portal

import "maps"

// texts are those of the pages, by language and key. Those of each room stand in
// files of their own.
func texts() map[string]map[string]string {
	return map[string]map[string]string{
		"en": merged(englishTexts, welcomeEnglish, verifyEnglish, foundEnglish, documentEnglish, signEnglish),
		"ro": merged(romanianTexts, welcomeRomanian, verifyRomanian, foundRomanian, documentRomanian, signRomanian),
	}
}

// merged has all texts of the tables, each of which has keys of its own.
func merged(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, table := range tables {
		maps.Copy(all, table)
	}
	return all
}
