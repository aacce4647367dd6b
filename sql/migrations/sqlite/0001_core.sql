-- +goose Up
CREATE TABLE vault (
  id     INTEGER NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL
);
-- +goose Down
DROP TABLE vault;
