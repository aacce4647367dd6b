-- +goose Up
-- One call to the vendor that hands many recipients over. digest tells the same
-- content to the same recipients; checked, that the vendor notices a repeat.
CREATE TABLE handover (
  id            BIGINT NOT NULL PRIMARY KEY,
  message_id    BIGINT NOT NULL,
  n             INT NOT NULL,
  sender_id     BIGINT NOT NULL,
  digest        BIGINT NOT NULL,
  checked       TINYINT NOT NULL,
  begun_at      BIGINT NOT NULL,
  vendor_msg_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
  due_at        BIGINT NULL,
  claim         BIGINT NOT NULL DEFAULT 0,
  attempts      INT NOT NULL DEFAULT 0
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE handover;
