package portal

// What tests look into.
var (
	Texts     = texts
	BrowserOf = browserOf
)
