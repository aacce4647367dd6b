-- +goose Up
CREATE TABLE preauth (
  code_hash        TEXT NOT NULL,
  state_hash       TEXT NOT NULL,
  component_app_id TEXT NOT NULL,
  invitation       TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  PRIMARY KEY (component_app_id, code_hash),
  UNIQUE (component_app_id, state_hash)
);
CREATE INDEX preauth_expires ON preauth (expires_at);
-- +goose Down
DROP TABLE preauth;
