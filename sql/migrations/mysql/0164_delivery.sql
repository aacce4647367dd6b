-- +goose Up
-- One POST to a target, from its first record on. Until it is sealed, records
-- are added. A dead letter has dead_at and no due_at.
CREATE TABLE delivery (
  id         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  target_id  BIGINT NOT NULL,
  records    INT NOT NULL,
  sealed     TINYINT NOT NULL,
  attempts   INT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  due_at     BIGINT NULL,
  dead_at    BIGINT NULL,
  error      VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  body       MEDIUMBLOB NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE delivery;
