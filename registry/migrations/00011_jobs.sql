-- Requests of mode A. What they came to is sealed, and is forgotten when its time
-- is over.

-- +goose Up
CREATE TABLE jobs (
	id           TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the responseID
	owner        TEXT   NOT NULL,             -- the process that has taken it
	method       TEXT   NOT NULL,
	client_id    TEXT   NOT NULL,
	user_id      TEXT   NOT NULL,
	state        TEXT   NOT NULL,
	accepted     BIGINT NOT NULL,
	deadline     BIGINT NOT NULL,
	validity     BIGINT NOT NULL,             -- microseconds
	until        BIGINT NOT NULL,             -- 0 as long as it has not ended
	result       BYTEA,                       -- sealed
	response_uri TEXT   NOT NULL,
	name         BYTEA,                       -- the responseID, sealed
	due          BIGINT NOT NULL,             -- 0 if nobody is to be told
	tries        BIGINT NOT NULL
);
CREATE INDEX jobs_until ON jobs (until);
CREATE INDEX jobs_due ON jobs (due) WHERE due > 0;

ALTER TABLE clients ADD COLUMN response_uris TEXT NOT NULL DEFAULT '[]';
