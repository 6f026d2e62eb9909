-- A token proves by a route object where the registry was seen without it before (absent_in), and
-- nobody but these maintainers might write routes there (absent_writers).
--
-- Tokens that were issued before keep the rule that they were issued by, until they expire: no
-- registry was looked at for them in time. Those of processes of before, which run until they are
-- replaced, need a look: a validation run has it.

ALTER TABLE validation_tokens
    ADD COLUMN absent_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN absent_in TEXT,
    ADD COLUMN absent_writers TEXT[],
    ADD COLUMN look_needed BOOLEAN NOT NULL DEFAULT false,
    ADD CONSTRAINT ck_validation_tokens_absence CHECK
        (num_nulls(absent_at, absent_in, absent_writers) IN (0, 3));
ALTER TABLE validation_tokens ALTER COLUMN look_needed SET DEFAULT true;
