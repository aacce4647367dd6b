-- +goose Up
-- taken: the row was written all the same.
ALTER TABLE user_import_problem ADD COLUMN taken TINYINT NOT NULL DEFAULT 0;
-- +goose Down
ALTER TABLE user_import_problem DROP COLUMN taken;
