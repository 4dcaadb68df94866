-- Seals belong to organizations, which are users without names of a person.

-- +goose Up
ALTER TABLE users ADD COLUMN organization TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN identifier   TEXT NOT NULL DEFAULT '';
