-- +goose Up
-- Hosts, each followed by a blank but the last; NULL, as the version before writes it, is none.
ALTER TABLE sender ADD COLUMN business_domains TEXT NULL;
-- +goose Down
ALTER TABLE sender DROP COLUMN business_domains;
