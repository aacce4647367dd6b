-- +goose Up
-- Drafts that were published; the vendor's event may come before our own row.
CREATE TABLE publication (
  app_id       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  publish_id   VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  media_id     VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  status       INT NOT NULL,
  article_id   VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  detail       MEDIUMBLOB NULL,
  submitted_at BIGINT NOT NULL,
  told_at      BIGINT NULL,
  PRIMARY KEY (app_id, publish_id)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE publication;
