-- +goose Up
-- A part of a message that is wrong for everyone: its queued recipients fail.
CREATE TABLE message_stop (
  message_id    BIGINT NOT NULL,
  part          INT NOT NULL,
  error_code    INT NOT NULL,
  error_message VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (message_id, part)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE message_stop;
