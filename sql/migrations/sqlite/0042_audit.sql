-- +goose Up
CREATE TABLE audit (
  id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  at     INTEGER NOT NULL,
  actor  TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL
);
-- +goose Down
DROP TABLE audit;
