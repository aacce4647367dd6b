-- +goose Up
-- kind is black or white.
CREATE TABLE user_list (
  id         BIGINT NOT NULL PRIMARY KEY,
  kind       VARCHAR(8) NOT NULL,
  name       VARCHAR(64) NOT NULL,
  size       INT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
-- +goose Down
DROP TABLE user_list;
