package client

import (
	"context"
	"fmt"

	"github.com/pecete/pecete/csc"
)

// Create has a credential made that the signer permitted (credentials/create, v2.2
// §11.4), with a token of scope credential-creation. Asked again, with the same
// token, it is the same credential.
func (c *Client) Create(ctx context.Context, req csc.CreateRequest) (csc.CreateResponse, error) {
	answer, err := authorized[csc.CreateResponse](ctx, c, csc.MethodCreate, req)
	if err == nil && answer.CredentialID == "" {
		err = fmt.Errorf("%s: %w: no credentialID", csc.MethodCreate, ErrAnswer)
	}
	return answer, err
}

// Delete has a credential deleted and its key destroyed (credentials/delete, v2.2
// §11.5), with a token of scope credential-deletion.
func (c *Client) Delete(ctx context.Context, req csc.DeleteRequest) error {
	_, err := authorized[nothing](ctx, c, csc.MethodDelete, req)
	return err
}
