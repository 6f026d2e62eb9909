-- Until when a proof of ownership counts. A worker gives what is approved its dates, by the settings,
-- and so it does where a process of the version before, which knows of none, approves a prefix.

ALTER TABLE prefixes
    ADD COLUMN proven_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN proof_ends_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN proof_told_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN proof_due_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_prefixes_proof_due ON prefixes (COALESCE(proof_due_at, '-infinity'::timestamptz))
    WHERE state = 'approved';
CREATE INDEX ix_prefixes_proof_ends ON prefixes (proof_ends_at, id) WHERE state = 'approved';

ALTER TABLE prefix_watches
    DROP CONSTRAINT ck_prefix_watches_signal,
    ADD CONSTRAINT ck_prefix_watches_signal CHECK (signal IN ('roa', 'roa_invalid', 'route_object', 'reverse_zone', 'zone_servers', 'holder', 'proof'));
ALTER TABLE level_rises
    DROP CONSTRAINT ck_level_rises_signal,
    ADD CONSTRAINT ck_level_rises_signal CHECK (signal IN ('roa', 'roa_invalid', 'route_object', 'reverse_zone', 'zone_servers', 'holder', 'proof'));
