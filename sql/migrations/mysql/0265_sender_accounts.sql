-- +goose Up
-- How many accounts a company on WeCom may have; 0: nobody said.
ALTER TABLE sender ADD COLUMN accounts BIGINT NOT NULL DEFAULT 0;
-- +goose Down
ALTER TABLE sender DROP COLUMN accounts;
