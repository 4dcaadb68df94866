-- Certificates that were about to be signed and that no credential has: not yet, or
-- not any more. Their users may be gone; the authority tells of them all the same.

-- +goose Up
CREATE TABLE issuances (
	serial        TEXT    NOT NULL PRIMARY KEY, -- of the certificate, hex
	credential_id TEXT    NOT NULL,             -- what it was to be
	user_id       TEXT    NOT NULL,
	key_id        BYTEA   NOT NULL,
	begun         BIGINT  NOT NULL,
	abandoned     BOOLEAN NOT NULL,             -- no credential can have it any more
	revoked_at    BIGINT  NOT NULL,             -- 0: it is not
	reason        BIGINT  NOT NULL              -- RFC 5280 §5.3.1
);
CREATE INDEX issuances_open    ON issuances (begun)  WHERE revoked_at = 0;
CREATE INDEX issuances_revoked ON issuances (serial) WHERE revoked_at <> 0;
