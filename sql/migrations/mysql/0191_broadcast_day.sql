-- +goose Up
-- Broadcasts a client has sent on a day (20260131) of the time zone that was set.
CREATE TABLE broadcast_day (
  client_id BIGINT NOT NULL,
  day       INT NOT NULL,
  used      INT NOT NULL,
  PRIMARY KEY (client_id, day)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE broadcast_day;
