-- Which database this is, and who can testify that it lost nothing when its server was replaced.

-- A logical dump comes back with other oids (and in another cluster), a base backup that was rolled
-- forward on another timeline. The insertion timeline: the control file's is behind for a while.
-- A server that is still being rolled forward refuses to say it, and so counts as away.
CREATE FUNCTION database_identity() RETURNS TEXT LANGUAGE plpgsql STABLE AS $$
DECLARE
    said TEXT := '';
BEGIN
    IF has_function_privilege('pg_control_system()', 'EXECUTE')
        AND has_function_privilege('pg_current_wal_lsn()', 'EXECUTE')
        AND has_function_privilege('pg_walfile_name(pg_lsn)', 'EXECUTE')
    THEN
        SELECT format('cluster %s, timeline %s, ', system_identifier,
            left(pg_walfile_name(pg_current_wal_lsn()), 8)) INTO said FROM pg_control_system();
    END IF;
    RETURN said || (SELECT format('database %s, table %s', d.oid, 'applied_routes'::regclass::oid)
        FROM pg_database d WHERE d.datname = current_database());
END $$;

CREATE TABLE witnesses (
    process UUID NOT NULL,
    name TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    identity TEXT,
    good BOOLEAN,
    detail TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_witnesses PRIMARY KEY (process),
    CONSTRAINT ck_witnesses_testified CHECK (num_nulls(identity, good) IN (0, 2))
);

-- The numbers of events are given a second time after a restore: readers tell epochs apart.
CREATE TABLE feed_epochs (
    number BIGINT NOT NULL,
    epoch UUID DEFAULT gen_random_uuid() NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    shared_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_feed_epochs PRIMARY KEY (number),
    CONSTRAINT uq_feed_epochs_epoch UNIQUE (epoch)
);
INSERT INTO feed_epochs (number, since) VALUES (1, clock_timestamp());

-- Rows of an older database that say advertised: not announced until the route is seen to be up, its
-- owner changes it, or an operator releases it.
CREATE TABLE unreleased_routes (
    bgp_prefix_id UUID NOT NULL,
    change BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_unreleased_routes PRIMARY KEY (bgp_prefix_id),
    CONSTRAINT fk_unreleased_routes_bgp_prefix_id FOREIGN KEY (bgp_prefix_id)
        REFERENCES bgp_prefixes (id) ON DELETE RESTRICT
);
