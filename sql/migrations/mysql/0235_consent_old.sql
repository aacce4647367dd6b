-- +goose Up
CREATE INDEX consent_old ON consent (left_over, updated_at);
-- +goose Down
DROP INDEX consent_old ON consent;
