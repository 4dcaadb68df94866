package portal

// The pages that the two mails of an invitation lead to, with ?link= and the token.
// From there on the token is in no URL.
const (
	PairPath     = "/welcome/pair"
	ActivatePath = "/welcome/activate"
)
