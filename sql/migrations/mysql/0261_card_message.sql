-- +goose Up
CREATE INDEX card_message ON card (message_id);
-- +goose Down
DROP INDEX card_message ON card;
