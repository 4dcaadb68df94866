-- +goose Up
ALTER TABLE clients ADD COLUMN require_jar BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE clients ADD COLUMN managed     TEXT    NOT NULL DEFAULT ''; -- JSON; '' for one that only operators change
ALTER TABLE clients ADD COLUMN revision    BIGINT  NOT NULL DEFAULT 0;  -- counts its changes

CREATE TABLE invitations (
	id      TEXT    NOT NULL PRIMARY KEY,
	hash    TEXT    NOT NULL UNIQUE, -- SHA-256 of the token
	note    TEXT    NOT NULL,
	profile TEXT    NOT NULL,
	grants  TEXT    NOT NULL,
	scopes  TEXT    NOT NULL,
	uses    BIGINT  NOT NULL,
	used    BIGINT  NOT NULL, -- only ever grows, up to uses
	expires BIGINT  NOT NULL,
	created BIGINT  NOT NULL,
	revoked BOOLEAN NOT NULL
);
