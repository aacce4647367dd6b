-- +goose Up
-- What is wrong with an owner of a token, as it was last assessed.
CREATE TABLE finding (
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code             VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  level            VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  since_at         BIGINT NOT NULL,
  cause            VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  sets             VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '[]',
  detail           VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  PRIMARY KEY (component_app_id, kind, owner, code),
  KEY finding_code (component_app_id, code, level)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE finding;
