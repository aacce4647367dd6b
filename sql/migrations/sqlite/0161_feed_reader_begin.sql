-- +goose Up
-- Nobody has an address yet: what has happened so far concerns none.
INSERT INTO feed_reader (id, position, holes, free_at) SELECT 1, COALESCE(MAX(id), 0), '[]', 0 FROM feed;
-- +goose Down
DELETE FROM feed_reader;
