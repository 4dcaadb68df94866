package audit

import "context"

type requestKey struct{}

// WithRequest gives every Entry appended under ctx the id of the request it was
// made for.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// requestOf is the id that WithRequest gave, or "".
func requestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
