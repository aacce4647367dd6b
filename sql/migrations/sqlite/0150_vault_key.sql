-- +goose Up
-- The master keys that something may be sealed under. A process that lacks one
-- of them does not start.
CREATE TABLE vault_key (
  id       TEXT NOT NULL PRIMARY KEY,
  added_at BIGINT NOT NULL
);
-- +goose Down
DROP TABLE vault_key;
