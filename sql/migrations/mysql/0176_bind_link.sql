-- +goose Up
-- A link that binds the openid of whoever opens it to a user. Its address holds
-- a signature that is not here, and of WeChat's code only a hash is kept.
CREATE TABLE bind_link (
  id          CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  sender      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  userid      VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  overwrite   SMALLINT NOT NULL,
  code_hash   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  lease_until BIGINT NOT NULL,
  result      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  used_at     BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE bind_link;
