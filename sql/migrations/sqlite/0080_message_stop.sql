-- +goose Up
-- A part of a message that is wrong for everyone: its queued recipients fail.
CREATE TABLE message_stop (
  message_id    BIGINT NOT NULL,
  part          INT NOT NULL,
  error_code    INT NOT NULL,
  error_message VARCHAR(255) NOT NULL,
  PRIMARY KEY (message_id, part)
);
-- +goose Down
DROP TABLE message_stop;
