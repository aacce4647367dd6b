-- +goose Up
-- sender is the one it speaks for; wanted the one it shall speak for, once its
-- kind is known to fit or an administrator said yes. due_at is when to fetch
-- the profile.
CREATE TABLE authorizer (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status           VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sender           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  wanted           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  wanted_kind      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  waiting          VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  authorized_at    BIGINT NOT NULL DEFAULT 0,
  unauthorized_at  BIGINT NOT NULL DEFAULT 0,
  sets             TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind             VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  user_name        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  profile          MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  due_at           BIGINT NULL,
  claim            BIGINT NOT NULL DEFAULT 0,
  failures         INT NOT NULL DEFAULT 0,
  problem          VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  UNIQUE KEY authorizer_app (component_app_id, app_id),
  UNIQUE KEY authorizer_sender (component_app_id, sender),
  KEY authorizer_due (due_at)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE authorizer;
