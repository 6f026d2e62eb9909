-- What metrics tell is counted as rows change. Each statement adds its differences as rows, so that
-- no two transactions wait for the same row; a job folds them.

CREATE TABLE figures (
    figure TEXT NOT NULL,
    label TEXT NOT NULL,
    value BIGINT NOT NULL,
    CONSTRAINT pk_figures PRIMARY KEY (figure, label)
);

CREATE TABLE figure_deltas (
    figure TEXT NOT NULL,
    label TEXT NOT NULL,
    delta BIGINT NOT NULL
);

DO $make$
DECLARE
    counted RECORD;
    event TEXT;
BEGIN
    FOR counted IN SELECT * FROM (VALUES
        ('public.prefixes', 'note_prefixes', $row$
            SELECT 'byoip_prefixes_approved', '' WHERE r.live AND r.state = 'approved'
            UNION ALL
            SELECT 'byoip_prefixes_not_ok', r.standing WHERE r.live AND r.standing <> 'ok'
        $row$),
        ('public.origin_drifts', 'note_origin_drifts', $row$
            SELECT 'byoip_origin_drifts', r.validity
        $row$),
        ('public.validation_runs', 'note_validation_runs', $row$
            SELECT 'byoip_validation_runs_open', r.state WHERE r.state IN ('scheduled', 'running')
        $row$),
        ('public.bindings', 'note_bindings', $row$
            SELECT 'byoip_bindings_provisioning', '' WHERE r.settled < r.change
        $row$),
        ('public.bgp_prefixes', 'note_bgp_prefixes', $row$
            SELECT 'byoip_routes_desired', '' WHERE r.advertised
            UNION ALL
            SELECT 'byoip_routes_unsettled', ''
            WHERE r.settled < r.change AND r.advertised_modified_at IS NOT NULL
        $row$),
        ('public.applied_routes', 'note_applied_routes', $row$
            SELECT 'byoip_routes_applied', r.speaker WHERE r.advertised
        $row$),
        ('public.observed_routes', 'note_observed_routes', $row$
            SELECT 'byoip_routes_observed', r.seen_by WHERE r.advertised
        $row$),
        ('public.route_alarms', 'note_route_alarms', $row$
            SELECT 'byoip_route_alarms', r.kind
        $row$),
        ('public.orphan_routes', 'note_orphan_routes', $row$
            SELECT 'byoip_orphan_routes', r.speaker
        $row$),
        ('public.withdrawals', 'note_withdrawals', $row$
            SELECT 'byoip_withdrawals', r.source
        $row$),
        ('public.offboardings', 'note_offboardings', $row$
            SELECT 'byoip_offboardings_open', r.step WHERE r.live
            UNION ALL
            SELECT 'byoip_offboardings_parked', '' WHERE r.live AND r.parked_by IS NOT NULL
        $row$),
        ('procrastinate.procrastinate_jobs', 'note_jobs', $row$
            SELECT 'byoip_jobs', r.status::text
        $row$)
    ) AS known (relation, name, of_row) LOOP
        EXECUTE format($function$
            CREATE FUNCTION public.%1$I() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN
                IF tg_op = 'INSERT' THEN
                    INSERT INTO public.figure_deltas (figure, label, delta)
                    SELECT f.figure, f.label, count(*)
                    FROM new_rows AS r, LATERAL (%2$s) AS f (figure, label) GROUP BY 1, 2;
                ELSIF tg_op = 'DELETE' THEN
                    INSERT INTO public.figure_deltas (figure, label, delta)
                    SELECT f.figure, f.label, -count(*)
                    FROM old_rows AS r, LATERAL (%2$s) AS f (figure, label) GROUP BY 1, 2;
                ELSE
                    INSERT INTO public.figure_deltas (figure, label, delta)
                    SELECT figure, label, sum(difference) FROM (
                        SELECT f.*, 1 AS difference
                        FROM new_rows AS r, LATERAL (%2$s) AS f (figure, label)
                        UNION ALL
                        SELECT f.*, -1
                        FROM old_rows AS r, LATERAL (%2$s) AS f (figure, label)
                    ) AS moved GROUP BY 1, 2 HAVING sum(difference) <> 0;
                END IF;
                RETURN NULL;
            END $body$
        $function$, counted.name, counted.of_row);
        FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
            EXECUTE format(
                'CREATE TRIGGER %I AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION public.%I()',
                counted.name || '_' || event,
                event,
                counted.relation,
                CASE event WHEN 'insert' THEN 'NEW TABLE AS new_rows'
                    WHEN 'delete' THEN 'OLD TABLE AS old_rows'
                    ELSE 'OLD TABLE AS old_rows NEW TABLE AS new_rows' END,
                counted.name
            );
        END LOOP;
        -- The triggers have locked the table: nothing changes while it is counted.
        EXECUTE format(
            'INSERT INTO figures (figure, label, value) SELECT f.figure, f.label, count(*) FROM %s AS r, LATERAL (%s) AS f (figure, label) GROUP BY 1, 2',
            counted.relation,
            counted.of_row
        );
    END LOOP;
END $make$;

-- What was lost in the last minute, without reading the rest.

CREATE INDEX ix_observed_routes_gone ON observed_routes (at) WHERE NOT advertised AND NOT own_word;

-- What an account has: written when a transaction commits, so that no two accounts wait for each
-- other, and two transactions of one account for a moment only.

CREATE TABLE account_counters (
    account_id UUID NOT NULL,
    live_prefixes INTEGER DEFAULT 0 NOT NULL,
    open_runs INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_account_counters PRIMARY KEY (account_id),
    CONSTRAINT fk_account_counters_account_id FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);

CREATE FUNCTION count_prefix() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.account_counters AS kept (account_id, live_prefixes)
    VALUES (new.account_id, CASE WHEN new.live THEN 1 ELSE -1 END)
    ON CONFLICT (account_id) DO UPDATE SET live_prefixes = kept.live_prefixes + excluded.live_prefixes;
    RETURN NULL;
END $$;

CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.account_counters AS kept (account_id, open_runs)
    SELECT account_id, CASE WHEN new.state IN ('scheduled', 'running') THEN 1 ELSE -1 END
    FROM public.prefixes WHERE id = new.prefix_id
    ON CONFLICT (account_id) DO UPDATE SET open_runs = kept.open_runs + excluded.open_runs;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER prefixes_count_new AFTER INSERT ON prefixes
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.state <> 'closed')
EXECUTE FUNCTION count_prefix();

CREATE CONSTRAINT TRIGGER prefixes_count_changed AFTER UPDATE ON prefixes
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN ((old.state = 'closed') IS DISTINCT FROM (new.state = 'closed'))
EXECUTE FUNCTION count_prefix();

CREATE CONSTRAINT TRIGGER validation_runs_count_new AFTER INSERT ON validation_runs
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.state IN ('scheduled', 'running'))
EXECUTE FUNCTION count_run();

CREATE CONSTRAINT TRIGGER validation_runs_count_changed AFTER UPDATE ON validation_runs
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN ((old.state IN ('scheduled', 'running')) IS DISTINCT FROM (new.state IN ('scheduled', 'running')))
EXECUTE FUNCTION count_run();

INSERT INTO account_counters (account_id, live_prefixes, open_runs)
SELECT account_id, count(*) FILTER (WHERE live), (
    SELECT count(*) FROM validation_runs JOIN prefixes AS own ON own.id = prefix_id
    WHERE own.account_id = prefixes.account_id AND validation_runs.state IN ('scheduled', 'running')
) FROM prefixes GROUP BY account_id;
