-- +goose Up
-- What was used lately of what the vendor allows: messages of an app to a member,
-- or calls of one kind for a company, by a hash of their names.
CREATE TABLE allowance (
  id        BIGINT NOT NULL PRIMARY KEY,
  recent    VARBINARY(2048) NOT NULL,
  flying    INT NOT NULL,
  until_at  BIGINT NOT NULL,
  used_at   BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE allowance;
