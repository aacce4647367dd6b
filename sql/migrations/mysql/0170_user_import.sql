-- +goose Up
-- The report of a spreadsheet that was imported. kept counts the rows of
-- user_import_problem, which are bounded.
CREATE TABLE user_import (
  id         BIGINT NOT NULL PRIMARY KEY,
  client_id  BIGINT NOT NULL,
  name       VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  state      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  good       BIGINT NOT NULL,
  bad        BIGINT NOT NULL,
  kept       BIGINT NOT NULL,
  problem    VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE user_import;
