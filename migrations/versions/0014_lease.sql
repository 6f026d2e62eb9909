-- Who may tell speakers anything holds a lease with a number. A process that takes it over
-- gives it the next number, and what is written with an older one is refused here.

CREATE TABLE leases (
    name TEXT NOT NULL,
    number BIGINT DEFAULT 0 NOT NULL,
    holder UUID,
    rank SMALLINT DEFAULT 0 NOT NULL,
    beat BIGINT DEFAULT 0 NOT NULL,
    seconds DOUBLE PRECISION DEFAULT 0 NOT NULL,
    process TEXT DEFAULT '' NOT NULL,
    backend INTEGER,
    renewed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pk_leases PRIMARY KEY (name),
    CONSTRAINT uq_leases_name_number UNIQUE (name, number)
);
INSERT INTO leases (name) VALUES ('reconciler'), ('watcher');

-- The number is part of a key: a take-over waits for what is being written, a renewal does not.
CREATE FUNCTION refuse_past_lease() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    given TEXT[] := string_to_array(nullif(current_setting('byoip.lease', true), ''), ':');
BEGIN
    IF given IS NOT NULL THEN
        PERFORM FROM leases WHERE name = given[1] AND number = given[2]::bigint
            AND holder = given[3]::uuid FOR KEY SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the lease % is another process''s', given[1] USING ERRCODE = 'BY001';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER applied_routes_by_lease BEFORE INSERT OR UPDATE OR DELETE ON applied_routes
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER bgp_prefixes_by_lease BEFORE INSERT OR UPDATE OR DELETE ON bgp_prefixes
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER listeners_by_lease BEFORE INSERT OR UPDATE OR DELETE ON listeners
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER observed_routes_by_lease BEFORE INSERT OR UPDATE OR DELETE ON observed_routes
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER orphan_routes_by_lease BEFORE INSERT OR UPDATE OR DELETE ON orphan_routes
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER orphan_withdrawals_by_lease BEFORE INSERT OR UPDATE OR DELETE ON orphan_withdrawals
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER route_alarms_by_lease BEFORE INSERT OR UPDATE OR DELETE ON route_alarms
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER route_snapshots_by_lease BEFORE INSERT OR UPDATE OR DELETE ON route_snapshots
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER speakers_by_lease BEFORE INSERT OR UPDATE OR DELETE ON speakers
    EXECUTE FUNCTION refuse_past_lease();
