-- +goose Up
-- Changes of counts that are not in stat yet.
CREATE TABLE stat_change (
  id        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  hour      BIGINT NOT NULL,
  client_id BIGINT NOT NULL,
  sender    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state     TINYINT NOT NULL,
  reason    VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  n         BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE stat_change;
