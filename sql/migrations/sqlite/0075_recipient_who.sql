-- +goose Up
CREATE INDEX recipient_who ON recipient (who);
-- +goose Down
DROP INDEX recipient_who;
