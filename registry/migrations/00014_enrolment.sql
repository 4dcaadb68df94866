-- The ways of people from an accepted identity to a certificate. A signer has one
-- that is open, at most.

-- +goose Up
CREATE TABLE enrolments (
	id            TEXT    NOT NULL PRIMARY KEY,
	user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	identity      TEXT    NOT NULL, -- JSON
	inviter       TEXT    NOT NULL, -- a client; '' for an operator
	request       TEXT    NOT NULL, -- the inviter's name for it; '' for none
	state         TEXT    NOT NULL,
	replaces      BOOLEAN NOT NULL,
	credential_id TEXT    NOT NULL, -- '' before there is one
	created       BIGINT  NOT NULL,
	changed       BIGINT  NOT NULL,
	revision      BIGINT  NOT NULL, -- counts its changes
	pair_hash     TEXT    NOT NULL UNIQUE, -- SHA-256 of the link's token
	pair_until    BIGINT  NOT NULL,
	pair_used     BOOLEAN NOT NULL,
	active_hash   TEXT    NOT NULL UNIQUE,
	active_until  BIGINT  NOT NULL,
	active_used   BOOLEAN NOT NULL,
	progress      TEXT    NOT NULL, -- JSON
	notice_uri    TEXT    NOT NULL, -- whom to tell of its end; '' for nobody
	due           BIGINT  NOT NULL, -- 0 if nobody is to be told
	tries         BIGINT  NOT NULL
);
CREATE UNIQUE INDEX enrolments_open ON enrolments (user_id) WHERE state <> 'issued' AND state <> 'cancelled';
CREATE UNIQUE INDEX enrolments_request ON enrolments (inviter, request) WHERE request <> '';
CREATE INDEX enrolments_user ON enrolments (user_id);
CREATE INDEX enrolments_due ON enrolments (due) WHERE due > 0;
