-- +goose Up
CREATE TABLE user (
  id         BIGINT NOT NULL PRIMARY KEY,
  userid     VARCHAR(64) NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
-- +goose Down
DROP TABLE user;
