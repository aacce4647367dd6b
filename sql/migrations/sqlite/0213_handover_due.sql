-- +goose Up
CREATE INDEX handover_due ON handover (due_at);
-- +goose Down
DROP INDEX handover_due;
