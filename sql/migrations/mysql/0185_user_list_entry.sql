-- +goose Up
-- An entry is a userid or an identity of the platform.
CREATE TABLE user_list_entry (
  list_id BIGINT NOT NULL,
  entry   VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (list_id, entry)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE user_list_entry;
