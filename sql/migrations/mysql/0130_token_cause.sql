-- +goose Up
-- cause is the refusal behind problem, as JSON: class, code, rid, address. It
-- counts while problem is not empty.
ALTER TABLE token ADD COLUMN cause VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
-- +goose Down
ALTER TABLE token DROP COLUMN cause;
