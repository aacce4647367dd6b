-- +goose Up
-- Group chats that apps of WeCom made by us; WeCom has no list of them.
CREATE TABLE app_chat (
  sender_id  BIGINT NOT NULL,
  chatid     VARCHAR(32) NOT NULL,
  name       VARCHAR(50) NOT NULL,
  owner      VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (sender_id, chatid)
);
-- +goose Down
DROP TABLE app_chat;
