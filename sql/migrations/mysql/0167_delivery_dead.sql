-- +goose Up
CREATE INDEX delivery_dead ON delivery (dead_at);
-- +goose Down
DROP INDEX delivery_dead ON delivery;
