-- +goose Up
-- What a sender with a secret of its own has. corp_id and agent_id name an app
-- of WeCom; the rest is sealed: the AppSecret or the app's secret, and what its
-- pushes are signed and encrypted with, now and before the last change.
ALTER TABLE sender ADD COLUMN corp_id VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE sender ADD COLUMN agent_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sender ADD COLUMN secret BLOB NULL;
ALTER TABLE sender ADD COLUMN push_token BLOB NULL;
ALTER TABLE sender ADD COLUMN aes_key BLOB NULL;
ALTER TABLE sender ADD COLUMN aes_key_previous BLOB NULL;
-- +goose Down
ALTER TABLE sender DROP COLUMN corp_id;
ALTER TABLE sender DROP COLUMN agent_id;
ALTER TABLE sender DROP COLUMN secret;
ALTER TABLE sender DROP COLUMN push_token;
ALTER TABLE sender DROP COLUMN aes_key;
ALTER TABLE sender DROP COLUMN aes_key_previous;
