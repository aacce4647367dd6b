-- +goose Up
CREATE TABLE event (
  id               INTEGER NOT NULL PRIMARY KEY,
  component_app_id TEXT NOT NULL,
  app_id           TEXT NOT NULL,
  source           INTEGER NOT NULL,
  type             TEXT NOT NULL,
  user             TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  received_at      INTEGER NOT NULL,
  dedup            BLOB NOT NULL,
  body             BLOB NOT NULL,
  sealed           INTEGER NOT NULL DEFAULT 0,
  held             INTEGER NOT NULL DEFAULT 0,
  due_at           INTEGER NULL,
  claim            INTEGER NOT NULL DEFAULT 0,
  attempts         INTEGER NOT NULL DEFAULT 0,
  problem          TEXT NULL
);
CREATE UNIQUE INDEX event_dedup ON event (dedup);
CREATE INDEX event_due ON event (due_at) WHERE due_at IS NOT NULL;
-- +goose Down
DROP TABLE event;
