-- +goose Up
-- Running services, each with the master keys it knows; the first one seals.
CREATE TABLE replica (
  id      BIGINT NOT NULL PRIMARY KEY,
  name    VARCHAR(190) NOT NULL,
  knows   VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  seen_at BIGINT NOT NULL
);
-- +goose Down
DROP TABLE replica;
