-- Written once for SQLite and PostgreSQL. Moments are microseconds since 1970 in
-- UTC, lists are JSON; text is what both compare byte by byte.

-- +goose Up
CREATE TABLE users (
	id            TEXT    NOT NULL PRIMARY KEY,
	email         TEXT    NOT NULL UNIQUE, -- lower case
	given_name    TEXT    NOT NULL,
	family_name   TEXT    NOT NULL,
	country       TEXT    NOT NULL,
	locale        TEXT    NOT NULL,
	password_hash TEXT    NOT NULL,
	secret        BYTEA,
	disabled      BOOLEAN NOT NULL,
	created       BIGINT  NOT NULL,
	last_step     BIGINT  NOT NULL DEFAULT -1 -- of TOTP; only ever grows
);

CREATE TABLE attempts (
	user_id  TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	factor   TEXT    NOT NULL,
	began    BIGINT  NOT NULL,
	failures BIGINT  NOT NULL,
	in_row   BIGINT  NOT NULL,
	locked   BOOLEAN NOT NULL,
	PRIMARY KEY (user_id, factor)
);

CREATE TABLE credentials (
	id           TEXT    NOT NULL PRIMARY KEY,
	user_id      TEXT    NOT NULL REFERENCES users (id),
	description  TEXT    NOT NULL,
	key_id       BYTEA   NOT NULL UNIQUE,
	key_spec     TEXT    NOT NULL,
	certificates TEXT    NOT NULL, -- list of Base64, end entity first
	qualifier    TEXT    NOT NULL,
	scal         TEXT    NOT NULL,
	multisign    BIGINT  NOT NULL,
	mode         TEXT    NOT NULL,
	pkcs1v15     BOOLEAN NOT NULL,
	disabled     BOOLEAN NOT NULL,
	revoked      BOOLEAN NOT NULL,
	created      BIGINT  NOT NULL
);
CREATE INDEX credentials_user ON credentials (user_id);

CREATE TABLE clients (
	id            TEXT    NOT NULL PRIMARY KEY,
	name          TEXT    NOT NULL,
	verifiers     TEXT    NOT NULL, -- list of Base64, newest first
	redirect_uris TEXT    NOT NULL,
	grants        TEXT    NOT NULL,
	scopes        TEXT    NOT NULL,
	disabled      BOOLEAN NOT NULL,
	created       BIGINT  NOT NULL
);

CREATE TABLE links (
	client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
	user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	PRIMARY KEY (client_id, user_id)
);
CREATE INDEX links_user ON links (user_id);

CREATE TABLE heads (
	log       TEXT   NOT NULL PRIMARY KEY,
	seq       BIGINT NOT NULL, -- only ever grows
	hash      TEXT   NOT NULL,
	at        TEXT   NOT NULL, -- RFC 3339, as it was signed
	signature BYTEA  NOT NULL
);
