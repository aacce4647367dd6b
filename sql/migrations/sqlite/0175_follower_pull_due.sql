-- +goose Up
CREATE INDEX follower_pull_due ON follower_pull (due_at);
-- +goose Down
DROP INDEX follower_pull_due;
