-- +goose Up
-- cause is the refusal behind problem. told is 1 once the account itself said
-- that it ended; else our own conclusion stands, which a later look may undo.
-- listed_run is the last reconciliation that saw the account; verified_at when it
-- was last asked after; profile_at when the profile was fetched, which is done
-- again every day.
ALTER TABLE authorizer ADD COLUMN cause VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '';
ALTER TABLE authorizer ADD COLUMN told INT NOT NULL DEFAULT 0;
ALTER TABLE authorizer ADD COLUMN listed_run BIGINT NOT NULL DEFAULT 0;
ALTER TABLE authorizer ADD COLUMN verified_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE authorizer ADD COLUMN profile_at BIGINT NOT NULL DEFAULT 0;
UPDATE authorizer SET told = 1 WHERE status = 'unauthorized' AND problem NOT LIKE 'needs re-authorization%';
UPDATE authorizer SET due_at = UNIX_TIMESTAMP() * 1000 + (id * 7919 % 86400) * 1000 WHERE due_at IS NULL AND status = 'authorized';
-- +goose Down
ALTER TABLE authorizer DROP COLUMN cause;
ALTER TABLE authorizer DROP COLUMN told;
ALTER TABLE authorizer DROP COLUMN listed_run;
ALTER TABLE authorizer DROP COLUMN verified_at;
ALTER TABLE authorizer DROP COLUMN profile_at;
