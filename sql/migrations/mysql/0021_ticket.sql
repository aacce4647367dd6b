-- +goose Up
CREATE TABLE ticket (
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  ticket           BLOB NULL,
  created_at       BIGINT NOT NULL DEFAULT 0,
  asked_at         BIGINT NOT NULL DEFAULT 0,
  watched_at       BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE ticket;
