-- +goose Up
-- owners is a JSON array of names; NULL, as the version before writes it, is none.
ALTER TABLE client
  ADD COLUMN calls_per_second INT NOT NULL DEFAULT 0,
  ADD COLUMN approval TINYINT NOT NULL DEFAULT 0,
  ADD COLUMN owners MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
-- +goose Down
ALTER TABLE client DROP COLUMN calls_per_second, DROP COLUMN approval, DROP COLUMN owners;
