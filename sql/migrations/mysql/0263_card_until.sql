-- +goose Up
CREATE INDEX card_until ON card (until_at);
-- +goose Down
DROP INDEX card_until ON card;
