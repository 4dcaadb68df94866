-- +goose Up
ALTER TABLE refreshes ADD COLUMN holder          TEXT    NOT NULL DEFAULT ''; -- of what the tokens are bound to
ALTER TABLE clients   ADD COLUMN resource_server BOOLEAN NOT NULL DEFAULT FALSE;
