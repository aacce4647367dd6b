-- +goose Up
CREATE TABLE user (
  id         BIGINT NOT NULL PRIMARY KEY,
  userid     VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE user;
