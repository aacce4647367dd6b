-- +goose Up
-- app_id is empty until an account is bound, by an invitation or by an administrator.
CREATE TABLE sender (
  id               BIGINT NOT NULL PRIMARY KEY,
  code             VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name             VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  credentials      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE sender;
