-- +goose Up
CREATE INDEX customer_task_due ON customer_task (due_at);
-- +goose Down
DROP INDEX customer_task_due;
