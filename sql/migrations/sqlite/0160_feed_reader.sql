-- +goose Up
CREATE TABLE feed_reader (
  id       INTEGER NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL,
  holes    TEXT NOT NULL,
  due_at   INTEGER NULL,
  claim    INTEGER NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE feed_reader;
