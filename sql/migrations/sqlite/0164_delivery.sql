-- +goose Up
CREATE TABLE delivery (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  target_id  INTEGER NOT NULL,
  records    INTEGER NOT NULL,
  sealed     INTEGER NOT NULL,
  attempts   INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  due_at     INTEGER NULL,
  dead_at    INTEGER NULL,
  error      TEXT NOT NULL DEFAULT '',
  body       BLOB NOT NULL
);
-- +goose Down
DROP TABLE delivery;
