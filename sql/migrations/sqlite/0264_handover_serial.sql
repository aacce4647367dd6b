-- +goose Up
-- Which call of its message it is, for those of which no two may be alike.
ALTER TABLE handover ADD COLUMN serial BIGINT NOT NULL DEFAULT 0;
-- +goose Down
ALTER TABLE handover DROP COLUMN serial;
