-- +goose Up
CREATE INDEX allowance_used ON allowance (used_at);
-- +goose Down
DROP INDEX allowance_used;
