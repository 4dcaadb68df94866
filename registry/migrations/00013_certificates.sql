-- What the authority answers about the certificates of credentials.

-- +goose Up
ALTER TABLE credentials ADD COLUMN serial     TEXT   NOT NULL DEFAULT ''; -- of the certificate, hex
ALTER TABLE credentials ADD COLUMN suspended  BIGINT NOT NULL DEFAULT 0;  -- since when; 0: it is not
ALTER TABLE credentials ADD COLUMN revoked_at BIGINT NOT NULL DEFAULT 0;

UPDATE credentials SET revoked_at = deleted WHERE revoked AND deleted <> 0;

CREATE INDEX credentials_serial    ON credentials (serial);
CREATE INDEX credentials_withdrawn ON credentials (serial) WHERE revoked OR suspended <> 0;
