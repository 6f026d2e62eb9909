-- Customers are told a week and a day before a token expires that has not proven anything yet.

ALTER TABLE validation_tokens ADD COLUMN told_expiring_at timestamptz;
CREATE INDEX ix_validation_tokens_expiring ON validation_tokens (expires_at)
    WHERE consumed_at IS NULL AND revoked_at IS NULL;
