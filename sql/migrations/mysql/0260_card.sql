-- +goose Up
-- A template card of WeCom that was sent, by its handover. code updates it once,
-- until until_at: sealed, NULL once it was used. tried_at is when somebody began to.
CREATE TABLE card (
  id         BIGINT NOT NULL PRIMARY KEY,
  message_id BIGINT NOT NULL,
  sender_id  BIGINT NOT NULL,
  task_id    VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code       VARBINARY(2048) NULL,
  until_at   BIGINT NOT NULL,
  tried_at   BIGINT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE card;
