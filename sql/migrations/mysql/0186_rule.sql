-- +goose Up
-- client_id 0 is every client's. steps_json holds the senders in their order,
-- and on what the next one is tried.
CREATE TABLE send_rule (
  id         BIGINT NOT NULL PRIMARY KEY,
  client_id  BIGINT NOT NULL,
  name       VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  steps_json MEDIUMBLOB NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE send_rule;
