-- +goose Up
-- A call of a sender that the vendor throttles, or does not let it make, while its others go on; as sender_pause, which is
-- for the sender altogether. needs is the permission set of the call, 0: that of the sender's kind.
CREATE TABLE feature_pause (
  sender_id BIGINT NOT NULL,
  feature   TINYINT NOT NULL,
  until_at  BIGINT NOT NULL,
  reason    VARCHAR(32) NOT NULL,
  detail    VARCHAR(500) NOT NULL,
  cause     VARCHAR(255) NOT NULL DEFAULT '',
  needs     INT NOT NULL DEFAULT 0,
  PRIMARY KEY (sender_id, feature)
);
-- +goose Down
DROP TABLE feature_pause;
