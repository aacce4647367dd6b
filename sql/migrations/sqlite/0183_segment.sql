-- +goose Up
-- A saved condition on users; condition_json holds it as the API takes it.
CREATE TABLE segment (
  id             BIGINT NOT NULL PRIMARY KEY,
  name           VARCHAR(64) NOT NULL,
  condition_json MEDIUMBLOB NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
-- +goose Down
DROP TABLE segment;
