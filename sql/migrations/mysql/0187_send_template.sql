-- +goose Up
-- kind is general or logical. client_id 0 is every client's. code names a
-- logical template; of a general one it is null.
CREATE TABLE send_template (
  id         BIGINT NOT NULL PRIMARY KEY,
  client_id  BIGINT NOT NULL,
  kind       VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  name       VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  body_json  MEDIUMBLOB NOT NULL,
  expires_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (client_id, code)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE send_template;
