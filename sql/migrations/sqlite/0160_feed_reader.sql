-- +goose Up
CREATE TABLE feed_reader (
  id       INTEGER NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL,
  holes    TEXT NOT NULL,
  free_at  INTEGER NOT NULL,
  claim    INTEGER NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE feed_reader;
