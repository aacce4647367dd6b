-- +goose Up
-- Recipients per state of the messages accepted in an hour (its first
-- millisecond). Kept longer than the messages.
CREATE TABLE stat (
  hour      BIGINT NOT NULL,
  client_id BIGINT NOT NULL,
  sender    VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state     TINYINT NOT NULL,
  reason    VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  n         BIGINT NOT NULL,
  PRIMARY KEY (hour, client_id, sender, state, reason)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE stat;
