-- +goose Up
CREATE TABLE admin_token (
  seq        BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id         VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject    VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  scopes     MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NULL,
  UNIQUE (id)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE admin_token;
