-- +goose Up
-- line is the row's number as a spreadsheet program shows it.
CREATE TABLE user_import_problem (
  import_id BIGINT NOT NULL,
  seq       BIGINT NOT NULL,
  line      BIGINT NOT NULL,
  field     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason    VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (import_id, seq)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE user_import_problem;
