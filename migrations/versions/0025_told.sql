-- The token that came with the request for a run: it was published nowhere yet, and is not asked
-- for.
ALTER TABLE validation_runs ADD COLUMN without_token UUID;
-- Where what a kept answer speaks of is found.
ALTER TABLE idempotency_keys ADD COLUMN location TEXT;
-- An unproven claim: when its end was put off, and when its customer was last told of it.
ALTER TABLE prefixes ADD COLUMN extended_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE prefixes ADD COLUMN told_closing_at TIMESTAMP WITH TIME ZONE;
