-- +goose Up
CREATE TABLE release_code (
  component_app_id TEXT NOT NULL,
  code_hash        TEXT NOT NULL,
  access           BLOB NULL,
  created_at       INTEGER NOT NULL,
  sent_at          INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (component_app_id, code_hash)
);
CREATE INDEX release_code_created ON release_code (created_at);
-- +goose Down
DROP TABLE release_code;
