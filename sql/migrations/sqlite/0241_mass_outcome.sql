-- +goose Up
-- What the vendor said of a mass send; detail is JSON.
CREATE TABLE mass_outcome (
  handover_id    BIGINT NOT NULL PRIMARY KEY,
  status         VARCHAR(64) NOT NULL,
  total_count    BIGINT NOT NULL,
  filtered_count BIGINT NOT NULL,
  sent_count     BIGINT NOT NULL,
  failed_count   BIGINT NOT NULL,
  detail         BLOB NULL,
  told_at        BIGINT NOT NULL
);
-- +goose Down
DROP TABLE mass_outcome;
