-- +goose Up
CREATE INDEX confirm_link_expires ON confirm_link (expires_at);
-- +goose Down
DROP INDEX confirm_link_expires;
