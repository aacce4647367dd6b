-- +goose Up
-- The call of the vendor's that hands the chunk over, as far as it is counted, granted and banned apart from others of the
-- account; 0: with all of them.
ALTER TABLE chunk ADD COLUMN feature TINYINT NOT NULL DEFAULT 0;
-- +goose Down
ALTER TABLE chunk DROP COLUMN feature;
