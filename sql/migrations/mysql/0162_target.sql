-- +goose Up
-- An address of a business system. wanted has a bit for each type of receipt.
CREATE TABLE target (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind          VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  client_id     BIGINT NOT NULL,
  url           VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  preferred     TINYINT NOT NULL DEFAULT 0,
  wanted        BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  due_at        BIGINT NULL,
  claim         BIGINT NOT NULL DEFAULT 0,
  failures      INT NOT NULL DEFAULT 0,
  failing_since BIGINT NOT NULL DEFAULT 0,
  rest_until    BIGINT NOT NULL DEFAULT 0,
  success_at    BIGINT NOT NULL DEFAULT 0,
  error_at      BIGINT NOT NULL DEFAULT 0,
  error         VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  UNIQUE (client_id, kind, url)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE target;
