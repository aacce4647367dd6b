-- +goose Up
-- Changes of counts that are not in stat yet.
CREATE TABLE stat_change (
  id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  hour      BIGINT NOT NULL,
  client_id BIGINT NOT NULL,
  sender    VARCHAR(64) NOT NULL,
  state     TINYINT NOT NULL,
  reason    VARCHAR(64) NOT NULL,
  n         BIGINT NOT NULL
);
-- +goose Down
DROP TABLE stat_change;
