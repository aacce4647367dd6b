-- +goose Up
-- Who may be sent what, as far as is known: by account, template, and of a
-- one-time subscription scene (else -1). Below reset_at nothing is counted any
-- more; owed counts messages that overtook the event of their consent.
CREATE TABLE consent (
  app_id      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  scene       INT NOT NULL,
  openid      VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  left_over   INT NOT NULL,
  accepted    BIGINT NOT NULL,
  sent        BIGINT NOT NULL,
  word        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  word_at     BIGINT NOT NULL,
  sent_at     BIGINT NOT NULL,
  reset_at    BIGINT NOT NULL,
  owed        INT NOT NULL,
  owed_at     BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  PRIMARY KEY (app_id, template_id, scene, openid)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE consent;
