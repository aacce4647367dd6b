-- +goose Up
ALTER TABLE recipient ADD COLUMN handover_id BIGINT NULL;
-- +goose Down
ALTER TABLE recipient DROP COLUMN handover_id;
