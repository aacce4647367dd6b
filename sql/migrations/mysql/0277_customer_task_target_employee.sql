-- +goose Up
CREATE INDEX customer_task_target_employee ON customer_task_target (task_id, userid, result);
-- +goose Down
DROP INDEX customer_task_target_employee ON customer_task_target;
