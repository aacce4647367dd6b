-- +goose Up
CREATE INDEX follower_round ON follower (app_id, round, openid);
-- +goose Down
DROP INDEX follower_round;
