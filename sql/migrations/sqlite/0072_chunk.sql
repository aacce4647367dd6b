-- +goose Up
-- Recipients n*100 to n*100+99 of a message, all at one sender. The counts are
-- written in the transaction that writes their recipients.
CREATE TABLE chunk (
  id         BIGINT NOT NULL PRIMARY KEY,
  message_id BIGINT NOT NULL,
  n          INT NOT NULL,
  part       INT NOT NULL,
  sender_id  BIGINT NOT NULL,
  size       INT NOT NULL,
  due_at     BIGINT NULL,
  expire_at  BIGINT NULL,
  claim      BIGINT NOT NULL DEFAULT 0,
  attempts   INT NOT NULL DEFAULT 0,
  queued     INT NOT NULL DEFAULT 0,
  sending    INT NOT NULL DEFAULT 0,
  sent       INT NOT NULL DEFAULT 0,
  delivered  INT NOT NULL DEFAULT 0,
  failed     INT NOT NULL DEFAULT 0,
  skipped    INT NOT NULL DEFAULT 0,
  canceled   INT NOT NULL DEFAULT 0,
  expired    INT NOT NULL DEFAULT 0,
  unknown    INT NOT NULL DEFAULT 0,
  UNIQUE (message_id, n)
);
-- +goose Down
DROP TABLE chunk;
