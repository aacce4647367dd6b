-- +goose Up
-- Group chats that apps of WeCom made by us; WeCom has no list of them.
CREATE TABLE app_chat (
  sender_id  BIGINT NOT NULL,
  chatid     VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name       VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  owner      VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (sender_id, chatid)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE app_chat;
