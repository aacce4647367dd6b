-- +goose Up
-- client_id 0 is every client's. steps_json holds the senders in their order,
-- and on what the next one is tried.
CREATE TABLE send_rule (
  id         BIGINT NOT NULL PRIMARY KEY,
  client_id  BIGINT NOT NULL,
  name       VARCHAR(64) NOT NULL,
  steps_json MEDIUMBLOB NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
-- +goose Down
DROP TABLE send_rule;
