-- +goose Up
CREATE INDEX sender_app_id ON sender (app_id);
-- +goose Down
DROP INDEX sender_app_id ON sender;
