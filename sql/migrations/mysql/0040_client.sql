-- +goose Up
CREATE TABLE client (
  id             BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name           VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  kind           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  channel_key    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  secret         VARBINARY(512) NOT NULL,
  previous       VARBINARY(512) NULL,
  previous_until BIGINT NULL,
  senders        MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  scopes         MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  disabled       TINYINT NOT NULL,
  generation     BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  UNIQUE (channel_key)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE client;
