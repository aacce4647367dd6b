-- +goose Up
-- Messages that need an administrator's yes. decision: 0 not yet, 1 approved,
-- 2 rejected.
CREATE TABLE message_approval (
  message_id BIGINT NOT NULL PRIMARY KEY,
  decision   TINYINT NOT NULL,
  decided_at BIGINT NULL
);
-- +goose Down
DROP TABLE message_approval;
