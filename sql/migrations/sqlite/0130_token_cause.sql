-- +goose Up
-- cause is the refusal behind problem, as JSON: class, code, rid, address. It
-- counts while problem is not empty.
ALTER TABLE token ADD COLUMN cause TEXT NOT NULL DEFAULT '';
-- +goose Down
ALTER TABLE token DROP COLUMN cause;
