-- +goose Up
ALTER TABLE sender_pause ADD COLUMN cause VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
-- +goose Down
ALTER TABLE sender_pause DROP COLUMN cause;
