-- +goose Up
-- kind is a field of user/opt (tag, phone, wechatoa ...), bind_id the key it is
-- kept under: all, a ChannelKey or a sender's code.
CREATE TABLE user_value (
  user_id BIGINT NOT NULL,
  kind    VARCHAR(24) NOT NULL,
  bind_id VARCHAR(64) NOT NULL,
  value   VARCHAR(190) NOT NULL,
  PRIMARY KEY (user_id, kind, bind_id, value)
);
-- +goose Down
DROP TABLE user_value;
