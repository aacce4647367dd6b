-- +goose Up
-- Drafts that were published; the vendor's event may come before our own row.
CREATE TABLE publication (
  app_id       VARCHAR(64) NOT NULL,
  publish_id   VARCHAR(64) NOT NULL,
  media_id     VARCHAR(128) NOT NULL DEFAULT '',
  status       INT NOT NULL,
  article_id   VARCHAR(128) NOT NULL DEFAULT '',
  detail       BLOB NULL,
  submitted_at BIGINT NOT NULL,
  told_at      BIGINT NULL,
  PRIMARY KEY (app_id, publish_id)
);
-- +goose Down
DROP TABLE publication;
