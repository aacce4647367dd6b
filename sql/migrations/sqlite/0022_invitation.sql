-- +goose Up
CREATE TABLE invitation (
  id               TEXT NOT NULL PRIMARY KEY,
  component_app_id TEXT NOT NULL,
  sender           TEXT NOT NULL,
  kind             TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  used_at          INTEGER NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE invitation;
