-- +goose Up
CREATE INDEX delivery_target ON delivery (target_id, sealed, due_at);
-- +goose Down
DROP INDEX delivery_target ON delivery;
