-- +goose Up
CREATE INDEX bind_link_expires ON bind_link (expires_at);
-- +goose Down
DROP INDEX bind_link_expires ON bind_link;
