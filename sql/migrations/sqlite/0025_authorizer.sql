-- +goose Up
CREATE TABLE authorizer (
  id               INTEGER NOT NULL PRIMARY KEY,
  component_app_id TEXT NOT NULL,
  app_id           TEXT NOT NULL,
  status           TEXT NOT NULL,
  sender           TEXT NULL,
  wanted           TEXT NULL,
  wanted_kind      TEXT NOT NULL DEFAULT '',
  waiting          TEXT NOT NULL DEFAULT '',
  authorized_at    INTEGER NOT NULL DEFAULT 0,
  unauthorized_at  INTEGER NOT NULL DEFAULT 0,
  sets             TEXT NOT NULL,
  kind             TEXT NOT NULL DEFAULT '',
  user_name        TEXT NOT NULL DEFAULT '',
  profile          TEXT NULL,
  due_at           INTEGER NULL,
  claim            INTEGER NOT NULL DEFAULT 0,
  failures         INTEGER NOT NULL DEFAULT 0,
  problem          TEXT NOT NULL DEFAULT '',
  UNIQUE (component_app_id, app_id),
  UNIQUE (component_app_id, sender)
);
CREATE INDEX authorizer_due ON authorizer (due_at);
-- +goose Down
DROP TABLE authorizer;
