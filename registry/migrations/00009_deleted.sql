-- +goose Up
ALTER TABLE credentials ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0; -- 0: it is there
ALTER TABLE credentials ADD COLUMN reason  BIGINT NOT NULL DEFAULT 0; -- of the revocation, RFC 5280 §5.3.1
