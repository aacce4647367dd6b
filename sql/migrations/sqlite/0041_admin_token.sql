-- +goose Up
CREATE TABLE admin_token (
  seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL,
  subject    TEXT NOT NULL,
  scopes     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER NULL,
  UNIQUE (id)
);
-- +goose Down
DROP TABLE admin_token;
