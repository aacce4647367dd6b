-- +goose Up
-- How far the comparison with WeChat's list of authorizers is: one row a
-- component. due_at is when to go on; NULL is at rest.
CREATE TABLE reconciliation (
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  run              BIGINT NOT NULL DEFAULT 0,
  phase            VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  place            BIGINT NOT NULL DEFAULT 0,
  total            BIGINT NOT NULL DEFAULT 0,
  pass             INT NOT NULL DEFAULT 1,
  seen             BIGINT NOT NULL DEFAULT 0,
  adopted          BIGINT NOT NULL DEFAULT 0,
  renewed          BIGINT NOT NULL DEFAULT 0,
  unexchanged      BIGINT NOT NULL DEFAULT 0,
  absent           BIGINT NOT NULL DEFAULT 0,
  ended            BIGINT NOT NULL DEFAULT 0,
  accept           INT NOT NULL DEFAULT 0,
  due_at           BIGINT NULL,
  claim            BIGINT NOT NULL DEFAULT 0,
  failures         INT NOT NULL DEFAULT 0,
  problem          VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  alarm            VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  started_at       BIGINT NOT NULL DEFAULT 0,
  ended_at         BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE reconciliation;
