-- +goose Up
-- A link by which a user confirms one message at a scene. Its return brings a
-- value of which only a hash is kept, and which is good once.
CREATE TABLE confirm_link (
  hash         CHAR(64) NOT NULL PRIMARY KEY,
  sender       VARCHAR(64) NOT NULL,
  app_id       VARCHAR(64) NOT NULL,
  template_id  VARCHAR(128) NOT NULL,
  scene        INT NOT NULL,
  redirect_url VARCHAR(2048) NOT NULL,
  openid       VARCHAR(128) NOT NULL,
  used_at      BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL
);
-- +goose Down
DROP TABLE confirm_link;
