-- +goose Up
-- To how many recipients an app of WeCom sent on one day, in China. Whoever looks
-- at allowances of the app's members holds this row.
CREATE TABLE app_day (
  app  BIGINT NOT NULL PRIMARY KEY,
  day  BIGINT NOT NULL,
  sent BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE app_day;
