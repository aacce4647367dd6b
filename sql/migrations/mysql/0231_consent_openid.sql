-- +goose Up
CREATE INDEX consent_openid ON consent (app_id, openid);
-- +goose Down
DROP INDEX consent_openid ON consent;
