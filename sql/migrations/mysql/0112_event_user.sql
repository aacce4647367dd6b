-- +goose Up
CREATE INDEX event_user ON event (user);
-- +goose Down
DROP INDEX event_user ON event;
