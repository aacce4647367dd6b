-- +goose Up
CREATE INDEX user_value_value ON user_value (kind, bind_id, value);
-- +goose Down
DROP INDEX user_value_value ON user_value;
