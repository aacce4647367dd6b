-- +goose Up
CREATE INDEX target_due ON target (due_at);
-- +goose Down
DROP INDEX target_due ON target;
