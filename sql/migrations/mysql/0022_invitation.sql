-- +goose Up
CREATE TABLE invitation (
  id               VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sender           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  used_at          BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE invitation;
