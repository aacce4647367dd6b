-- +goose Up
-- The fetching of an account's followers: round is the one that runs or ran
-- last, done the last that was complete.
CREATE TABLE follower_pull (
  id          BIGINT NOT NULL PRIMARY KEY,
  app_id      VARCHAR(64) NOT NULL UNIQUE,
  sender      VARCHAR(64) NOT NULL,
  round       BIGINT NOT NULL,
  done        BIGINT NOT NULL,
  next_openid VARCHAR(64) NOT NULL,
  total       BIGINT NOT NULL,
  seen        BIGINT NOT NULL,
  started_at  BIGINT NOT NULL,
  finished_at BIGINT NOT NULL,
  due_at      BIGINT NULL,
  claim       BIGINT NOT NULL,
  failures    BIGINT NOT NULL,
  problem     VARCHAR(500) NOT NULL
);
-- +goose Down
DROP TABLE follower_pull;
