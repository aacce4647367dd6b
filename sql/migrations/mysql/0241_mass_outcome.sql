-- +goose Up
-- What the vendor said of a mass send; detail is JSON.
CREATE TABLE mass_outcome (
  handover_id    BIGINT NOT NULL PRIMARY KEY,
  status         VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  total_count    BIGINT NOT NULL,
  filtered_count BIGINT NOT NULL,
  sent_count     BIGINT NOT NULL,
  failed_count   BIGINT NOT NULL,
  detail         MEDIUMBLOB NULL,
  told_at        BIGINT NOT NULL
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE mass_outcome;
