-- +goose Up
-- app_id is empty until an account is bound, by an invitation or by an administrator.
CREATE TABLE sender (
  id               BIGINT NOT NULL PRIMARY KEY,
  code             VARCHAR(64) NOT NULL UNIQUE,
  component_app_id VARCHAR(64) NOT NULL,
  kind             VARCHAR(16) NOT NULL,
  name             VARCHAR(30) NOT NULL DEFAULT '',
  credentials      VARCHAR(16) NOT NULL,
  app_id           VARCHAR(64) NOT NULL DEFAULT '',
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL
);
-- +goose Down
DROP TABLE sender;
