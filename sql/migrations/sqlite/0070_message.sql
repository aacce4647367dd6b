-- +goose Up
-- content holds the parts: one sender and what to send there, each.
-- open_chunks counts the chunks with a recipient still queued or sending.
CREATE TABLE message (
  id               BIGINT NOT NULL PRIMARY KEY,
  nonce            BIGINT NOT NULL,
  component_app_id VARCHAR(64) NOT NULL,
  client_id        BIGINT NOT NULL,
  state            TINYINT NOT NULL,
  target           INT NOT NULL,
  open_chunks      INT NOT NULL,
  on_unknown       TINYINT NOT NULL,
  send_at          BIGINT NULL,
  expire_at        BIGINT NULL,
  sendno           VARCHAR(255) NOT NULL DEFAULT '',
  content          MEDIUMBLOB NOT NULL,
  params           MEDIUMBLOB NULL,
  created_at       BIGINT NOT NULL,
  done_at          BIGINT NULL
);
-- +goose Down
DROP TABLE message;
