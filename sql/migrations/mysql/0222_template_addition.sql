-- +goose Up
-- What was taken of the public library into an account's list. word is the
-- digest of the choice; template_id is empty until it is known. before_json
-- holds the ids of the list before it is added: who finds it without a
-- template_id looks for what has come since. until is the end of the lease, then the
-- time from which a template that the list lacks counts as deleted.
CREATE TABLE template_addition (
  app_id      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  word        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  before_json MEDIUMBLOB NULL,
  claim       BIGINT NOT NULL,
  until       BIGINT NOT NULL,
  PRIMARY KEY (app_id, word)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE template_addition;
