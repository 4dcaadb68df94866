-- +goose Up
CREATE TABLE refreshes (
	id        TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of what a family has in common
	hash      TEXT   NOT NULL,             -- SHA-256 of the token that is good now
	client_id TEXT   NOT NULL,
	user_id   TEXT   NOT NULL,
	scope     TEXT   NOT NULL,
	used      BIGINT NOT NULL,
	expires   BIGINT NOT NULL
);
CREATE INDEX refreshes_expires ON refreshes (expires);
