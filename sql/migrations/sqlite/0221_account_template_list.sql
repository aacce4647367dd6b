-- +goose Up
-- When an account's list of a kind of template was read last.
CREATE TABLE account_template_list (
  app_id       VARCHAR(64) NOT NULL,
  kind         VARCHAR(16) NOT NULL,
  refreshed_at BIGINT NOT NULL,
  PRIMARY KEY (app_id, kind)
);
-- +goose Down
DROP TABLE account_template_list;
