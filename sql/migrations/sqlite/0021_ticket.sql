-- +goose Up
CREATE TABLE ticket (
  component_app_id TEXT NOT NULL PRIMARY KEY,
  ticket           BLOB NULL,
  created_at       INTEGER NOT NULL DEFAULT 0,
  asked_at         INTEGER NOT NULL DEFAULT 0,
  watched_at       INTEGER NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE ticket;
