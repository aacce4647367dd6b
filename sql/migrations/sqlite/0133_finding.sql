-- +goose Up
CREATE TABLE finding (
  component_app_id TEXT NOT NULL,
  kind             TEXT NOT NULL,
  owner            TEXT NOT NULL,
  code             TEXT NOT NULL,
  level            TEXT NOT NULL,
  since_at         INTEGER NOT NULL,
  cause            TEXT NOT NULL DEFAULT '',
  sets             TEXT NOT NULL DEFAULT '[]',
  detail           TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (component_app_id, kind, owner, code)
);
CREATE INDEX finding_code ON finding (component_app_id, code, level);
-- +goose Down
DROP TABLE finding;
