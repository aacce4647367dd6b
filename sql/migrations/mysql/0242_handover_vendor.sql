-- +goose Up
CREATE INDEX handover_vendor ON handover (vendor_msg_id);
-- +goose Down
DROP INDEX handover_vendor ON handover;
