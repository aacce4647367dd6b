-- +goose Up
-- What sending has to tell the ledger of consents, written with the result of a
-- part and gone when it is counted. openids is a JSON array.
CREATE TABLE consent_news (
  id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  app_id      VARCHAR(64) NOT NULL,
  template_id VARCHAR(128) NOT NULL,
  scene       INT NOT NULL,
  word        VARCHAR(16) NOT NULL,
  openids     TEXT NOT NULL,
  at          BIGINT NOT NULL,
  due_at      BIGINT NULL,
  claim       BIGINT NOT NULL DEFAULT 0
);
-- +goose Down
DROP TABLE consent_news;
