-- Documents that signers bring to be signed, batches of them, and receipts of what
-- was signed. The documents are elsewhere, encrypted by keys that are made of what
-- stands here; names and plans are sealed.

-- +goose Up
CREATE TABLE documents (
	id            TEXT    NOT NULL PRIMARY KEY,
	user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	name          BYTEA   NOT NULL, -- sealed
	salt          BYTEA   NOT NULL,
	created       BIGINT  NOT NULL,
	expires       BIGINT  NOT NULL,
	size          BIGINT  NOT NULL,
	digest        TEXT    NOT NULL,
	pages         BIGINT  NOT NULL,
	encrypted     BOOLEAN NOT NULL,
	fault         TEXT    NOT NULL,
	mark_page     BIGINT  NOT NULL, -- 0 for none
	mark_left     BIGINT  NOT NULL, -- millimetres
	mark_top      BIGINT  NOT NULL,
	batch         TEXT    NOT NULL, -- '' for none
	place         BIGINT  NOT NULL,
	signed_at     BIGINT  NOT NULL, -- 0 if it is not
	signed_size   BIGINT  NOT NULL,
	signed_digest TEXT    NOT NULL
);
CREATE INDEX documents_user ON documents (user_id);
CREATE INDEX documents_expires ON documents (expires);

CREATE TABLE batches (
	id            TEXT   NOT NULL PRIMARY KEY,
	user_id       TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	credential_id TEXT   NOT NULL,
	state         TEXT   NOT NULL,
	reason        TEXT   NOT NULL,
	key           TEXT   NOT NULL, -- SHA-256 of the state of the request
	created       BIGINT NOT NULL,
	changed       BIGINT NOT NULL,
	revision      BIGINT NOT NULL,
	salt          BYTEA  NOT NULL,
	plan          BYTEA            -- sealed
);
CREATE INDEX batches_state ON batches (state, changed);
CREATE INDEX batches_key ON batches (key) WHERE key <> '';

CREATE TABLE receipts (
	id            TEXT   NOT NULL PRIMARY KEY, -- of the document
	user_id       TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	credential_id TEXT   NOT NULL,
	name          BYTEA  NOT NULL, -- sealed
	salt          BYTEA  NOT NULL,
	brought       TEXT   NOT NULL,
	signed        TEXT   NOT NULL,
	at            BIGINT NOT NULL
);
CREATE INDEX receipts_user ON receipts (user_id, at);
