-- +goose Up
ALTER TABLE message ADD COLUMN retracted_at BIGINT NULL;
-- +goose Down
ALTER TABLE message DROP COLUMN retracted_at;
