-- +goose Up
-- One opening of an invitation. Hashes, so that a copy of the database cannot
-- answer for a visitor.
CREATE TABLE preauth (
  code_hash        CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state_hash       CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  invitation       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  PRIMARY KEY (component_app_id, code_hash),
  UNIQUE KEY preauth_state (component_app_id, state_hash),
  KEY preauth_expires (expires_at)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE preauth;
