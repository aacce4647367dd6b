-- +goose Up
-- Mobile numbers that a company of WeCom was asked for in vain, or is being asked
-- for, on a day (UTC+8); digest is keyed, so that nobody learns them from here.
CREATE TABLE wrong_mobile (
  corp_id  VARCHAR(64) NOT NULL,
  day      INT NOT NULL,
  digest   CHAR(32) NOT NULL,
  asked_at BIGINT NOT NULL,
  PRIMARY KEY (corp_id, day, digest)
);
-- +goose Down
DROP TABLE wrong_mobile;
