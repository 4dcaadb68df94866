-- +goose Up
CREATE TABLE serials (
	name TEXT   NOT NULL PRIMARY KEY,
	last BIGINT NOT NULL -- only ever grows
);
