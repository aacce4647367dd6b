-- +goose Up
CREATE TABLE client (
  id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name           TEXT NOT NULL,
  kind           TEXT NOT NULL,
  channel_key    TEXT NOT NULL,
  secret         BLOB NOT NULL,
  previous       BLOB NULL,
  previous_until INTEGER NULL,
  senders        TEXT NOT NULL,
  scopes         TEXT NOT NULL,
  disabled       INTEGER NOT NULL,
  generation     INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  UNIQUE (channel_key)
);
-- +goose Down
DROP TABLE client;
