-- +goose Up
ALTER TABLE clients ADD COLUMN profile      TEXT    NOT NULL DEFAULT 'csc';
ALTER TABLE clients ADD COLUMN auth_method  TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN jwks         BYTEA;
ALTER TABLE clients ADD COLUMN tls_name     TEXT    NOT NULL DEFAULT '{}';
ALTER TABLE clients ADD COLUMN require_par  BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE clients ADD COLUMN bound        TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN logo         TEXT    NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN tokens_after BIGINT  NOT NULL DEFAULT 0; -- 0: ends none
