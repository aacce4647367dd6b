-- +goose Up
CREATE TABLE idempotency (
  client_id  BIGINT NOT NULL,
  path       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  word       VARBINARY(255) NOT NULL,
  body_hash  BINARY(32) NOT NULL,
  message_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (client_id, path, word)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE idempotency;
