-- +goose Up
-- When a used-up quota of the platform's own calls was last cleared.
ALTER TABLE ticket ADD COLUMN cleared_at INTEGER NOT NULL DEFAULT 0;
-- +goose Down
ALTER TABLE ticket DROP COLUMN cleared_at;
