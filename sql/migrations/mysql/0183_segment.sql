-- +goose Up
-- A saved condition on users; condition_json holds it as the API takes it.
CREATE TABLE segment (
  id             BIGINT NOT NULL PRIMARY KEY,
  name           VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  condition_json MEDIUMBLOB NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE segment;
