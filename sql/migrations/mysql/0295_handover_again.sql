-- +goose Up
-- When a call for many was repeated last: the vendor may have seen its bytes then for the first time, and remembers them from
-- then on.
ALTER TABLE handover ADD COLUMN again_at BIGINT NULL;
-- +goose Down
ALTER TABLE handover DROP COLUMN again_at;
