-- Which run of a prefix was recorded last: the number is taken under the lock of its claim. Clocks of
-- workers may be an hour apart. Runs of before have none, and come before all that have one.

CREATE SEQUENCE validation_runs_recorded AS BIGINT;
ALTER TABLE validation_runs ADD COLUMN recorded BIGINT;
ALTER SEQUENCE validation_runs_recorded OWNED BY validation_runs.recorded;
