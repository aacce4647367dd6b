-- +goose Up
-- An entry is a userid or an identity of the platform.
CREATE TABLE user_list_entry (
  list_id BIGINT NOT NULL,
  entry   VARCHAR(128) NOT NULL,
  PRIMARY KEY (list_id, entry)
);
-- +goose Down
DROP TABLE user_list_entry;
