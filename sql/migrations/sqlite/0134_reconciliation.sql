-- +goose Up
-- How far the comparison with WeChat's list of authorizers is: one row a
-- component. due_at is when to go on; NULL is at rest.
CREATE TABLE reconciliation (
  component_app_id TEXT NOT NULL PRIMARY KEY,
  run              INTEGER NOT NULL DEFAULT 0,
  phase            TEXT NOT NULL DEFAULT '',
  place            INTEGER NOT NULL DEFAULT 0,
  total            INTEGER NOT NULL DEFAULT 0,
  pass             INTEGER NOT NULL DEFAULT 1,
  seen             INTEGER NOT NULL DEFAULT 0,
  adopted          INTEGER NOT NULL DEFAULT 0,
  renewed          INTEGER NOT NULL DEFAULT 0,
  unexchanged      INTEGER NOT NULL DEFAULT 0,
  absent           INTEGER NOT NULL DEFAULT 0,
  ended            INTEGER NOT NULL DEFAULT 0,
  accept           INTEGER NOT NULL DEFAULT 0,
  due_at           INTEGER NULL,
  claim            INTEGER NOT NULL DEFAULT 0,
  failures         INTEGER NOT NULL DEFAULT 0,
  problem          TEXT NOT NULL DEFAULT '',
  alarm            TEXT NOT NULL DEFAULT '',
  started_at       INTEGER NOT NULL DEFAULT 0,
  ended_at         INTEGER NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE reconciliation;
