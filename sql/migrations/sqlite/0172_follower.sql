-- +goose Up
-- Who follows an account. round is the pull in which it came to be known, seen
-- the last one that saw it, event_at the vendor's time of the newest event.
CREATE TABLE follower (
  app_id    VARCHAR(64) NOT NULL,
  openid    VARCHAR(64) NOT NULL,
  following SMALLINT NOT NULL,
  round     BIGINT NOT NULL,
  seen      BIGINT NOT NULL,
  event_at  BIGINT NOT NULL,
  since     BIGINT NOT NULL,
  PRIMARY KEY (app_id, openid)
);
-- +goose Down
DROP TABLE follower;
