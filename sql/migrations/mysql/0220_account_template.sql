-- +goose Up
-- An account's own templates, as its list was read last. kind is template or
-- subscribe, body_json what WeChat tells of one.
CREATE TABLE account_template (
  app_id      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  template_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind        VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body_json   MEDIUMBLOB NOT NULL,
  PRIMARY KEY (app_id, template_id)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE account_template;
