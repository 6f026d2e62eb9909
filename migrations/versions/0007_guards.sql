-- The whole set that a run is to act on, how many of it were measured, and how many failed.

ALTER TABLE job_runs
    ADD COLUMN ids UUID[] DEFAULT '{}' NOT NULL,
    ADD COLUMN measured INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN failed INTEGER DEFAULT '0' NOT NULL;

UPDATE job_runs SET measured = listed;

ALTER TABLE job_runs
    DROP CONSTRAINT ck_job_runs_acted,
    ADD CONSTRAINT ck_job_runs_acted CHECK (listed >= 1 AND acted >= 0 AND failed >= 0 AND acted + failed <= listed),
    ADD CONSTRAINT ck_job_runs_measured CHECK (measured BETWEEN 0 AND listed);

-- For which of its two ways down (withdrawing, closing) a run of the job has taken it in.

ALTER TABLE offboardings
    ADD COLUMN taken_in TEXT,
    ADD CONSTRAINT ck_offboardings_taken_in CHECK (taken_in IN ('withdraw', 'grace'));

-- The edges' feed has a name: a restored backup gives numbers anew, under another one.

INSERT INTO edge_change_counter (last) VALUES (0) ON CONFLICT DO NOTHING;

ALTER TABLE edge_change_counter ADD COLUMN feed UUID DEFAULT gen_random_uuid() NOT NULL;

ALTER TABLE edges ADD COLUMN feed UUID;

UPDATE edges SET feed = (SELECT feed FROM edge_change_counter) WHERE live;

DROP TRIGGER edges_never_step_back ON edges;

CREATE TRIGGER edges_never_step_back BEFORE UPDATE ON edges
FOR EACH ROW WHEN (new.feed IS NOT DISTINCT FROM old.feed AND new.acknowledged < old.acknowledged
    OR old.counts AND NOT new.counts OR new.name <> old.name OR old.removed_at IS NOT NULL)
EXECUTE FUNCTION refuse_change('what an edge has acknowledged stays so');
