-- +goose Up
-- kind is black or white.
CREATE TABLE user_list (
  id         BIGINT NOT NULL PRIMARY KEY,
  kind       VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name       VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  size       INT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE user_list;
