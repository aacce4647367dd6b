-- +goose Up
CREATE TABLE exchange (
  id               INTEGER NOT NULL PRIMARY KEY,
  component_app_id TEXT NOT NULL,
  code_hash        TEXT NOT NULL,
  code             BLOB NULL,
  preauth_hash     TEXT NOT NULL DEFAULT '',
  app_id           TEXT NOT NULL DEFAULT '',
  event_at         INTEGER NOT NULL DEFAULT 0,
  created_at       INTEGER NOT NULL,
  ends_at          INTEGER NOT NULL,
  done_at          INTEGER NOT NULL DEFAULT 0,
  due_at           INTEGER NULL,
  claim            INTEGER NOT NULL DEFAULT 0,
  failures         INTEGER NOT NULL DEFAULT 0,
  problem          TEXT NOT NULL DEFAULT '',
  UNIQUE (component_app_id, code_hash)
);
CREATE INDEX exchange_due ON exchange (due_at);
CREATE INDEX exchange_preauth ON exchange (component_app_id, preauth_hash);
-- +goose Down
DROP TABLE exchange;
