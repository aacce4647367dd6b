-- +goose Up
CREATE INDEX chunk_due ON chunk (due_at, sender_id);
-- +goose Down
DROP INDEX chunk_due;
