-- +goose Up
CREATE TABLE token (
  id               INTEGER NOT NULL PRIMARY KEY,
  component_app_id TEXT NOT NULL,
  kind             TEXT NOT NULL,
  owner            TEXT NOT NULL,
  access           BLOB NULL,
  refresh          BLOB NULL,
  issued_at        INTEGER NOT NULL DEFAULT 0,
  expires_at       INTEGER NOT NULL DEFAULT 0,
  version          INTEGER NOT NULL DEFAULT 0,
  due_at           INTEGER NULL,
  claim            INTEGER NOT NULL DEFAULT 0,
  failures         INTEGER NOT NULL DEFAULT 0,
  problem          TEXT NOT NULL DEFAULT '',
  UNIQUE (component_app_id, kind, owner)
);
CREATE INDEX token_due ON token (component_app_id, kind, due_at);
-- +goose Down
DROP TABLE token;
