-- +goose Up
-- When the calls of the last minute began, of senders of which the vendor takes
-- so many a minute: milliseconds, the oldest first.
CREATE TABLE sender_pace (
  sender_id BIGINT NOT NULL PRIMARY KEY,
  begun     VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE sender_pace;
