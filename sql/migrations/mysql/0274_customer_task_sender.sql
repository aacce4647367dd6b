-- +goose Up
CREATE INDEX customer_task_sender ON customer_task (sender_id, id);
-- +goose Down
DROP INDEX customer_task_sender ON customer_task;
