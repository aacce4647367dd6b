-- +goose Up
-- JSON array of paths; NULL, as the version before writes it, allows nothing.
ALTER TABLE client ADD COLUMN proxy_prefixes MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
-- +goose Down
ALTER TABLE client DROP COLUMN proxy_prefixes;
