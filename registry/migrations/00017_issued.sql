-- The numbers of the certificates that the authority signed and that are no
-- signer's: of time-stamping and of OCSP answers.

-- +goose Up
CREATE TABLE issued (
	serial TEXT   NOT NULL PRIMARY KEY, -- hex
	at     BIGINT NOT NULL
);
