-- +goose Up
CREATE TABLE feed (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  app_id     TEXT NOT NULL,
  type       TEXT NOT NULL,
  event_id   INTEGER NOT NULL DEFAULT 0,
  data       BLOB NULL,
  created_at INTEGER NOT NULL
);
-- +goose Down
DROP TABLE feed;
