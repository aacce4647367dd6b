-- +goose Up
CREATE INDEX consent_news_due ON consent_news (due_at);
-- +goose Down
DROP INDEX consent_news_due ON consent_news;
