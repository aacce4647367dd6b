-- +goose Up
CREATE TABLE idempotency (
  client_id  BIGINT NOT NULL,
  path       VARCHAR(64) NOT NULL,
  word       VARBINARY(255) NOT NULL,
  body_hash  BINARY(32) NOT NULL,
  message_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (client_id, path, word)
);
-- +goose Down
DROP TABLE idempotency;
