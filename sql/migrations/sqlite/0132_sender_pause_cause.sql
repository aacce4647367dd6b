-- +goose Up
ALTER TABLE sender_pause ADD COLUMN cause TEXT NOT NULL DEFAULT '';
-- +goose Down
ALTER TABLE sender_pause DROP COLUMN cause;
