-- +goose Up
-- kind is a field of user/opt (tag, phone, wechatoa ...), bind_id the key it is
-- kept under: all, a ChannelKey or a sender's code.
CREATE TABLE user_value (
  user_id BIGINT NOT NULL,
  kind    VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  bind_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value   VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (user_id, kind, bind_id, value)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE user_value;
