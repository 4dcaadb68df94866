-- From when a signer signs who was given another authenticator, password, PIN or phone
-- in the place of what he lost; 0 for at once.

-- +goose Up
ALTER TABLE users ADD COLUMN signs_from BIGINT NOT NULL DEFAULT 0;
