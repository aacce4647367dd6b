-- +goose Up
-- The report of a spreadsheet that was imported. kept counts the rows of
-- user_import_problem, which are bounded.
CREATE TABLE user_import (
  id         BIGINT NOT NULL PRIMARY KEY,
  client_id  BIGINT NOT NULL,
  name       VARCHAR(190) NOT NULL,
  state      VARCHAR(16) NOT NULL,
  good       BIGINT NOT NULL,
  bad        BIGINT NOT NULL,
  kept       BIGINT NOT NULL,
  problem    VARCHAR(500) NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
-- +goose Down
DROP TABLE user_import;
