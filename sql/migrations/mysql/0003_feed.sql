-- +goose Up
CREATE TABLE feed (
  id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  app_id     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type       VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id   BIGINT NOT NULL DEFAULT 0,
  data       MEDIUMBLOB NULL,
  created_at BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE feed;
