-- +goose Up
CREATE INDEX message_client ON message (client_id, id);
-- +goose Down
DROP INDEX message_client;
