-- +goose Up
CREATE INDEX preparation_due ON preparation (due_at);
-- +goose Down
DROP INDEX preparation_due;
