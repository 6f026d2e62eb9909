-- Apart from 0028, which locks prefixes whole: nothing waits for these rows. What locks a table comes
-- after them.

-- What is approved already is looked at first within a day, not all at once.
INSERT INTO watch_turns (prefix_id, approved_at, due_at)
SELECT id, approved_at, now() + abs(hashtext(id::text) % 86400) * interval '1 second'
FROM prefixes WHERE state = 'approved'
ON CONFLICT DO NOTHING;

-- A number whose proof an operator took back is proven by its token only.
ALTER TABLE own_asns ADD COLUMN revoked_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_own_asns_revoked ON own_asns (account_id, asn) WHERE revoked_at IS NOT NULL;

-- A change of holder counts, too, where the account gave the prefix up before it was frozen.
CREATE INDEX ix_prefix_watches_lost ON prefix_watches (prefix_id)
    WHERE signal = 'holder' AND failing_since IS NOT NULL;
