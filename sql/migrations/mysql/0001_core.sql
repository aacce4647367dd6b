-- +goose Up
CREATE TABLE vault (
  id     TINYINT NOT NULL PRIMARY KEY,
  sealed VARBINARY(255) NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE vault;
