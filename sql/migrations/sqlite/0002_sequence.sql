-- +goose Up
CREATE TABLE sequence (
  name TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL
);
-- +goose Down
DROP TABLE sequence;
