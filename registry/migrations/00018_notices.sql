-- What owners of credentials are still to be told of them. A row is written with the
-- change that it tells of, and goes when it is told, or given up.

-- +goose Up
CREATE TABLE credential_notices (
	id            TEXT   NOT NULL PRIMARY KEY,
	credential_id TEXT   NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
	fate          TEXT   NOT NULL,
	reason        BIGINT NOT NULL, -- of a revocation, RFC 5280 §5.3.1
	client_id     TEXT   NOT NULL, -- who did it; '' for the operator
	at            BIGINT NOT NULL,
	due           BIGINT NOT NULL,
	tries         BIGINT NOT NULL
);
CREATE INDEX credential_notices_due ON credential_notices (due);
