-- +goose Up
-- who is a hash of sender and identity: half as wide an index as the two.
CREATE TABLE recipient (
  message_id    BIGINT NOT NULL,
  seq           INT NOT NULL,
  sender_id     BIGINT NOT NULL,
  who           BIGINT NOT NULL,
  identity      VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  userid        VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  state         TINYINT NOT NULL,
  attempt       INT NOT NULL DEFAULT 0,
  vendor_msg_id BIGINT NULL,
  error_code    INT NULL,
  error_message VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  intent_at     BIGINT NULL,
  sent_at       BIGINT NULL,
  done_at       BIGINT NULL,
  PRIMARY KEY (message_id, seq)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE recipient;
