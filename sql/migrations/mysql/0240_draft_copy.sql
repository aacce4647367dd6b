-- +goose Up
-- The copy of a draft that the calls of a chunk send, until one is accepted.
CREATE TABLE draft_copy (
  chunk_id BIGINT NOT NULL PRIMARY KEY,
  media_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE draft_copy;
