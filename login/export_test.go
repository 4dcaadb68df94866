package login

// What tests look into.
var (
	Targets = targets
	Shown   = shown
)

// Texts are those of the pages, by language and key.
func Texts() map[string]map[string]string {
	return map[string]map[string]string{"en": englishTexts, "ro": romanianTexts}
}
