-- +goose Up
-- Events whose answers are counted already: an event's effect may be called again.
CREATE TABLE consent_source (
  event_id   BIGINT NOT NULL,
  part       INT NOT NULL,
  entered_at BIGINT NOT NULL,
  PRIMARY KEY (event_id, part)
) ENGINE=InnoDB;
-- +goose Down
DROP TABLE consent_source;
