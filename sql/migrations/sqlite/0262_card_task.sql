-- +goose Up
CREATE INDEX card_task ON card (sender_id, task_id);
-- +goose Down
DROP INDEX card_task;
