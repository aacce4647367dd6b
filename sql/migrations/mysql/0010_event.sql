-- +goose Up
CREATE TABLE event (
  id               BIGINT NOT NULL PRIMARY KEY,
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  source           TINYINT NOT NULL,
  type             VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user             VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at       BIGINT NOT NULL,
  received_at      BIGINT NOT NULL,
  dedup            BINARY(16) NOT NULL,
  body             MEDIUMBLOB NOT NULL,
  sealed           TINYINT NOT NULL DEFAULT 0,
  held             TINYINT NOT NULL DEFAULT 0,
  due_at           BIGINT NULL,
  claim            BIGINT NOT NULL DEFAULT 0,
  attempts         INT NOT NULL DEFAULT 0,
  problem          VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  UNIQUE KEY event_dedup (dedup),
  KEY event_due (due_at)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE event;
