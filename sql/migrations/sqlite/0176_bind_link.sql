-- +goose Up
-- A link that binds the openid of whoever opens it to a user. Its address holds
-- a signature that is not here, and of WeChat's code only a hash is kept.
CREATE TABLE bind_link (
  id          CHAR(32) NOT NULL PRIMARY KEY,
  sender      VARCHAR(64) NOT NULL,
  userid      VARCHAR(64) NOT NULL,
  overwrite   SMALLINT NOT NULL,
  code_hash   VARCHAR(64) NOT NULL,
  lease_until BIGINT NOT NULL,
  result      VARCHAR(32) NOT NULL,
  used_at     BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL
);
-- +goose Down
DROP TABLE bind_link;
