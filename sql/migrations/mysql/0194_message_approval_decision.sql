-- +goose Up
CREATE INDEX message_approval_decision ON message_approval (decision, message_id);
-- +goose Down
DROP INDEX message_approval_decision ON message_approval;
