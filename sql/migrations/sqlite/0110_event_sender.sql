-- +goose Up
-- Code of the sender whose own address an event came to; empty where the component was pushed to: its sender is the one
-- that is bound to app_id.
ALTER TABLE event ADD COLUMN sender TEXT NOT NULL DEFAULT '';
-- +goose Down
ALTER TABLE event DROP COLUMN sender;
