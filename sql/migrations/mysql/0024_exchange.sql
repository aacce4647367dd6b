-- +goose Up
-- One authorization code to be exchanged, whether a browser or an event, or
-- both, brought it. app_id is the event's until the vendor's answer says it.
CREATE TABLE exchange (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  component_app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code_hash        CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code             BLOB NULL,
  preauth_hash     CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  app_id           VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  event_at         BIGINT NOT NULL DEFAULT 0,
  created_at       BIGINT NOT NULL,
  ends_at          BIGINT NOT NULL,
  done_at          BIGINT NOT NULL DEFAULT 0,
  due_at           BIGINT NULL,
  claim            BIGINT NOT NULL DEFAULT 0,
  failures         INT NOT NULL DEFAULT 0,
  problem          VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  UNIQUE KEY exchange_code (component_app_id, code_hash),
  KEY exchange_due (due_at),
  KEY exchange_preauth (component_app_id, preauth_hash)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE exchange;
