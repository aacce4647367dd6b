-- +goose Up
-- What a sender with a secret of its own has. corp_id and agent_id name an app
-- of WeCom; the rest is sealed: the AppSecret or the app's secret, and what its
-- pushes are signed and encrypted with, now and before the last change.
ALTER TABLE sender
  ADD COLUMN corp_id          VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  ADD COLUMN agent_id         BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN secret           BLOB NULL,
  ADD COLUMN push_token       BLOB NULL,
  ADD COLUMN aes_key          BLOB NULL,
  ADD COLUMN aes_key_previous BLOB NULL;
-- +goose Down
ALTER TABLE sender
  DROP COLUMN corp_id,
  DROP COLUMN agent_id,
  DROP COLUMN secret,
  DROP COLUMN push_token,
  DROP COLUMN aes_key,
  DROP COLUMN aes_key_previous;
