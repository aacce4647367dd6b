-- +goose Up
CREATE TABLE sequence (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  next BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE sequence;
