-- +goose Up
-- What administrators set while the service runs, a document each.
CREATE TABLE setting (
  name       VARCHAR(32) NOT NULL PRIMARY KEY,
  version    BIGINT NOT NULL,
  body_json  MEDIUMBLOB NOT NULL,
  updated_at BIGINT NOT NULL
);
-- +goose Down
DROP TABLE setting;
