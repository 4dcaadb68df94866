-- Whatever is given on somebody's word bears a stamp, and is good for as long as
-- he has it.

-- +goose Up
ALTER TABLE users     ADD COLUMN stamp    TEXT   NOT NULL DEFAULT '';
ALTER TABLE refreshes ADD COLUMN standing TEXT   NOT NULL DEFAULT '';

CREATE TABLE permissions (
	client_id TEXT   NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
	user_id   TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	stamp     TEXT   NOT NULL, -- '' until it was withdrawn once
	scopes    TEXT   NOT NULL, -- list
	since     BIGINT NOT NULL, -- 0: withdrawn
	used      BIGINT NOT NULL,
	PRIMARY KEY (client_id, user_id)
);
CREATE INDEX permissions_user ON permissions (user_id);
CREATE INDEX refreshes_user ON refreshes (user_id);

CREATE TABLE sessions (
	id      TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of what the cookie holds
	user_id TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	stamp   TEXT   NOT NULL,
	created BIGINT NOT NULL,
	used    BIGINT NOT NULL,
	address TEXT   NOT NULL,
	agent   TEXT   NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_created ON sessions (created);
