-- +goose Up
-- A sender that the vendor throttles, or that may not send for now. When
-- until_at has come, one recipient is tried before the rest.
CREATE TABLE sender_pause (
  sender_id BIGINT NOT NULL PRIMARY KEY,
  until_at  BIGINT NOT NULL,
  reason    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  detail    VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE sender_pause;
