-- +goose Up
CREATE INDEX recipient_vendor ON recipient (vendor_msg_id);
-- +goose Down
DROP INDEX recipient_vendor ON recipient;
