-- +goose Up
-- owners is a JSON array of names; NULL, as the version before writes it, is none.
ALTER TABLE client ADD COLUMN calls_per_second INT NOT NULL DEFAULT 0;
ALTER TABLE client ADD COLUMN approval TINYINT NOT NULL DEFAULT 0;
ALTER TABLE client ADD COLUMN owners TEXT NULL;
-- +goose Down
ALTER TABLE client DROP COLUMN calls_per_second;
ALTER TABLE client DROP COLUMN approval;
ALTER TABLE client DROP COLUMN owners;
