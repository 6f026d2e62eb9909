-- The token that came with the request for a run: it was published nowhere yet, and is not asked
-- for.
ALTER TABLE validation_runs ADD COLUMN without_token UUID;
-- Where what a kept answer speaks of is found.
ALTER TABLE idempotency_keys ADD COLUMN location TEXT;
-- An unproven claim: when its end was put off, and when its customer was last told of it.
ALTER TABLE prefixes ADD COLUMN extended_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE prefixes ADD COLUMN told_closing_at TIMESTAMP WITH TIME ZONE;
-- A claim that its customer removed can be brought back until then, and waits for proof anew.
ALTER TABLE prefixes ADD COLUMN restorable_until TIMESTAMP WITH TIME ZONE;
ALTER TABLE prefixes ADD COLUMN reopened_at TIMESTAMP WITH TIME ZONE;
DROP TRIGGER prefixes_stay_closed ON prefixes;
CREATE TRIGGER prefixes_stay_closed BEFORE UPDATE ON prefixes
FOR EACH ROW WHEN (old.state = 'closed' AND (
    new.state <> 'pending' OR (new.reopened_at <= old.restorable_until) IS NOT TRUE
))
EXECUTE FUNCTION refuse_change('a closed claim stays as it was, unless it is restored in time');
