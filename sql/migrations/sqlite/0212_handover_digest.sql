-- +goose Up
CREATE INDEX handover_digest ON handover (digest);
-- +goose Down
DROP INDEX handover_digest;
