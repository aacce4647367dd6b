-- +goose Up
-- An account's own templates, as its list was read last. kind is template or
-- subscribe, body_json what WeChat tells of one.
CREATE TABLE account_template (
  app_id      VARCHAR(64) NOT NULL,
  template_id VARCHAR(128) NOT NULL,
  kind        VARCHAR(16) NOT NULL,
  body_json   MEDIUMBLOB NOT NULL,
  PRIMARY KEY (app_id, template_id)
);
-- +goose Down
DROP TABLE account_template;
