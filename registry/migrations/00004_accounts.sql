-- +goose Up
CREATE TABLE accounts (
	client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
	account   TEXT NOT NULL, -- what the client calls the user in account_tokens
	user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	PRIMARY KEY (client_id, account)
);
CREATE INDEX accounts_user ON accounts (user_id);

CREATE TABLE account_keys (
	client_id TEXT  NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
	verifier  TEXT  NOT NULL, -- SHA-256 of that of the secret it comes of
	sealed    BYTEA NOT NULL,
	PRIMARY KEY (client_id, verifier)
);
