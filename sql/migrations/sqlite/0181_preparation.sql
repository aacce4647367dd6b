-- +goose Up
-- A message whose recipients are still being looked for: id is the message's,
-- selection says who is meant, last_user how far that has come, next_n the
-- number of the next chunk.
CREATE TABLE preparation (
  id         BIGINT NOT NULL PRIMARY KEY,
  selection  MEDIUMBLOB NOT NULL,
  last_user  BIGINT NOT NULL,
  next_n     INT NOT NULL,
  due_at     BIGINT NULL,
  claim      BIGINT NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE preparation;
