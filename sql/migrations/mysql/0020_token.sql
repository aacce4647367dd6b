-- +goose Up
-- due_at is when to renew; NULL rests. claim is not 0 only while somebody
-- renews, and then due_at is the end of that lease. The longest token the
-- vendor promises is 512 characters; sealed values get any length.
CREATE TABLE token (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner            VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  access           BLOB NULL,
  refresh          BLOB NULL,
  issued_at        BIGINT NOT NULL DEFAULT 0,
  expires_at       BIGINT NOT NULL DEFAULT 0,
  version          BIGINT NOT NULL DEFAULT 0,
  due_at           BIGINT NULL,
  claim            BIGINT NOT NULL DEFAULT 0,
  failures         INT NOT NULL DEFAULT 0,
  problem          VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  UNIQUE KEY token_owner (component_app_id, kind, owner),
  KEY token_due (component_app_id, kind, due_at)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE token;
