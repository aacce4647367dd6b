-- +goose Up
CREATE INDEX delivery_due ON delivery (due_at);
-- +goose Down
DROP INDEX delivery_due;
