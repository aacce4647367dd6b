-- +goose Up
-- kind is general or logical. client_id 0 is every client's. code names a
-- logical template; of a general one it is null.
CREATE TABLE send_template (
  id         BIGINT NOT NULL PRIMARY KEY,
  client_id  BIGINT NOT NULL,
  kind       VARCHAR(8) NOT NULL,
  code       VARCHAR(64) NULL,
  name       VARCHAR(64) NOT NULL,
  body_json  MEDIUMBLOB NOT NULL,
  expires_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (client_id, code)
);
-- +goose Down
DROP TABLE send_template;
