-- +goose Up
CREATE INDEX handover_message ON handover (message_id);
-- +goose Down
DROP INDEX handover_message ON handover;
