-- +goose Up
-- Mass messages to customers of WeCom. employee and cursor_text say how far the
-- asking for their progress has come.
CREATE TABLE customer_task (
  id            BIGINT NOT NULL PRIMARY KEY,
  client_id     BIGINT NOT NULL,
  sender_id     BIGINT NOT NULL,
  state         TINYINT NOT NULL,
  body          BLOB NOT NULL,
  vendor_msg_id VARCHAR(255) NULL,
  error_code    INT NOT NULL DEFAULT 0,
  problem       VARCHAR(500) NOT NULL DEFAULT '',
  refused       INT NOT NULL DEFAULT 0,
  round         INT NOT NULL DEFAULT 0,
  employee      VARCHAR(64) NOT NULL DEFAULT '',
  cursor_text   VARCHAR(1000) NOT NULL DEFAULT '',
  created_at    BIGINT NOT NULL,
  handed_at     BIGINT NULL,
  asked_at      BIGINT NULL,
  done_at       BIGINT NULL,
  due_at        BIGINT NULL,
  claim         BIGINT NOT NULL DEFAULT 0,
  attempts      INT NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE customer_task;
