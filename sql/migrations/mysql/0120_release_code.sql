-- +goose Up
CREATE TABLE release_code (
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code_hash        CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  access           BLOB NULL,
  created_at       BIGINT NOT NULL,
  sent_at          BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (component_app_id, code_hash),
  KEY release_code_created (created_at)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE release_code;
