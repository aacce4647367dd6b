-- +goose Up
-- The copy of a draft that the calls of a chunk send, until one is accepted.
CREATE TABLE draft_copy (
  chunk_id BIGINT NOT NULL PRIMARY KEY,
  media_id VARCHAR(128) NOT NULL
);
-- +goose Down
DROP TABLE draft_copy;
