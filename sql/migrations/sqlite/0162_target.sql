-- +goose Up
CREATE TABLE target (
  id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  kind          TEXT NOT NULL,
  client_id     INTEGER NOT NULL,
  url           TEXT NOT NULL,
  preferred     INTEGER NOT NULL DEFAULT 0,
  wanted        INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  due_at        INTEGER NULL,
  claim         INTEGER NOT NULL DEFAULT 0,
  failures      INTEGER NOT NULL DEFAULT 0,
  failing_since INTEGER NOT NULL DEFAULT 0,
  rest_until    INTEGER NOT NULL DEFAULT 0,
  success_at    INTEGER NOT NULL DEFAULT 0,
  error_at      INTEGER NOT NULL DEFAULT 0,
  error         TEXT NOT NULL DEFAULT '',
  UNIQUE (client_id, kind, url)
);
-- +goose Down
DROP TABLE target;
