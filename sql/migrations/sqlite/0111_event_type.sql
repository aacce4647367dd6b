-- +goose Up
-- For those who read events by account and type; the key, by which they page, follows by itself. An index on app_id alone
-- would cost each push as much again.
CREATE INDEX event_type ON event (type, app_id);
-- +goose Down
DROP INDEX event_type;
