-- +goose Up
-- What sending has to tell the ledger of consents, written with the result of a
-- part and gone when it is counted. openids is a JSON array.
CREATE TABLE consent_news (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  app_id      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  scene       INT NOT NULL,
  word        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  openids     MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at          BIGINT NOT NULL,
  due_at      BIGINT NULL,
  claim       BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE consent_news;
