-- +goose Up
-- line is the row's number as a spreadsheet program shows it.
CREATE TABLE user_import_problem (
  import_id BIGINT NOT NULL,
  seq       BIGINT NOT NULL,
  line      BIGINT NOT NULL,
  field     VARCHAR(32) NOT NULL,
  reason    VARCHAR(500) NOT NULL,
  PRIMARY KEY (import_id, seq)
);
-- +goose Down
DROP TABLE user_import_problem;
