CREATE TABLE offboardings (
    id UUID NOT NULL,
    prefix_id UUID NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    step TEXT NOT NULL,
    contested BOOLEAN NOT NULL,
    routes JSONB NOT NULL,
    bindings JSONB NOT NULL,
    grace_until TIMESTAMP WITH TIME ZONE,
    parked_by UUID,
    paced BOOLEAN DEFAULT false NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ending TEXT,
    live BOOLEAN GENERATED ALWAYS AS (ended_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_offboardings PRIMARY KEY (id),
    CONSTRAINT ck_offboardings_step CHECK (step IN ('withdraw', 'confirm', 'unbind', 'grace', 'restore')),
    CONSTRAINT ck_offboardings_ending CHECK (ending IN ('closed', 'restored', 'cancelled')),
    CONSTRAINT ck_offboardings_asked CHECK (actor <> '' AND request_id <> ''),
    CONSTRAINT ck_offboardings_ended CHECK ((ended_at IS NULL) = (ending IS NULL)),
    CONSTRAINT ck_offboardings_grace CHECK (step <> 'grace' OR grace_until IS NOT NULL),
    CONSTRAINT fk_offboardings_prefix_id FOREIGN KEY(prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT fk_offboardings_parked_by FOREIGN KEY(parked_by) REFERENCES breaker_trips (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX uq_offboardings_live ON offboardings (prefix_id) WHERE live;
CREATE INDEX ix_offboardings_began ON offboardings (began_at, id) WHERE live;
CREATE INDEX ix_offboardings_parked ON offboardings (parked_by) WHERE parked_by IS NOT NULL;

CREATE TABLE job_switches (
    kind TEXT NOT NULL,
    stopped BOOLEAN NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    by TEXT NOT NULL,
    because TEXT NOT NULL,
    CONSTRAINT pk_job_switches PRIMARY KEY (kind),
    CONSTRAINT ck_job_switches_kind CHECK (kind IN ('offboard', 'close_unproven', 'end_expired_delegations', 'roll_back', 'reevaluate_claims', 'settle_bindings', 'watch_letters', 'renew_letters', 'rescue_runs', 'refresh_roas', 'refresh_registrations', 'tidy_up')),
    CONSTRAINT ck_job_switches_because CHECK (because <> '')
);

CREATE TABLE job_runs (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    request_id TEXT NOT NULL,
    listed INTEGER NOT NULL,
    sample JSONB NOT NULL,
    acted INTEGER NOT NULL,
    refused TEXT NOT NULL,
    allowed_at TIMESTAMP WITH TIME ZONE,
    allowed_by TEXT,
    allowed_because TEXT,
    used_at TIMESTAMP WITH TIME ZONE,
    waits BOOLEAN GENERATED ALWAYS AS (refused <> '' AND used_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_job_runs PRIMARY KEY (id),
    CONSTRAINT ck_job_runs_kind CHECK (kind IN ('offboard', 'close_unproven', 'end_expired_delegations', 'roll_back', 'reevaluate_claims', 'settle_bindings', 'watch_letters', 'renew_letters', 'rescue_runs', 'refresh_roas', 'refresh_registrations', 'tidy_up')),
    CONSTRAINT ck_job_runs_acted CHECK (listed >= 1 AND acted BETWEEN 0 AND listed),
    CONSTRAINT ck_job_runs_refused CHECK (refused = '' OR acted = 0),
    CONSTRAINT ck_job_runs_allowed CHECK (num_nulls(allowed_at, allowed_by, allowed_because) IN (0, 3))
);
CREATE UNIQUE INDEX uq_job_runs_waiting ON job_runs (kind) WHERE waits;
CREATE INDEX ix_job_runs_kind ON job_runs (kind, at) WHERE refused = '';

ALTER TABLE letters
    DROP CONSTRAINT ck_letters_revoked_because,
    ADD CONSTRAINT ck_letters_revoked_because CHECK (revoked_because IN ('removed', 'offboarded', 'operator', 'rpki'));

CREATE TRIGGER offboardings_never_deleted BEFORE DELETE ON offboardings
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER offboardings_never_emptied BEFORE TRUNCATE ON offboardings
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER offboardings_stay_ended BEFORE UPDATE ON offboardings
FOR EACH ROW WHEN (old.ended_at IS NOT NULL)
EXECUTE FUNCTION refuse_change('what has ended stays as it was');

CREATE TRIGGER offboardings_fixed BEFORE UPDATE ON offboardings
FOR EACH ROW WHEN ((old.id, old.prefix_id, old.actor, old.request_id, old.began_at)
    IS DISTINCT FROM (new.id, new.prefix_id, new.actor, new.request_id, new.began_at))
EXECUTE FUNCTION refuse_change('who asked, and in which request, never changes');

CREATE TRIGGER job_runs_never_deleted BEFORE DELETE ON job_runs
FOR EACH ROW EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE TRIGGER job_switches_never_deleted BEFORE DELETE ON job_switches
FOR EACH ROW EXECUTE FUNCTION refuse_change('a switch is moved, not removed');

-- A prefix is on its way out only where a recorded request asked for it, and from there it is
-- closed only out of its grace.
CREATE FUNCTION refuse_unasked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM offboardings
        WHERE prefix_id = new.id AND live AND step = ANY (tg_argv[0]::text[])
    ) THEN
        RAISE EXCEPTION 'nobody has asked for % to go this way', new.cidr
            USING ERRCODE = 'restrict_violation', CONSTRAINT = tg_name, TABLE = tg_table_name;
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER prefixes_offboard_asked BEFORE UPDATE ON prefixes
FOR EACH ROW WHEN (old.standing <> 'offboarding' AND new.standing = 'offboarding')
EXECUTE FUNCTION refuse_unasked('{withdraw}');

CREATE TRIGGER prefixes_close_after_grace BEFORE UPDATE ON prefixes
FOR EACH ROW WHEN (old.state <> 'closed' AND new.state = 'closed' AND new.standing = 'offboarding')
EXECUTE FUNCTION refuse_unasked('{grace}');

-- What a speaker may hold, or somebody still sees, needs its prefix and its default binding.
CREATE FUNCTION refuse_lingering() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM bgp_prefixes AS route
        WHERE route.prefix_id = CASE tg_table_name WHEN 'prefixes' THEN new.id
            ELSE (to_jsonb(new) ->> 'prefix_id')::uuid END
        AND (
            route.advertised
            OR EXISTS (SELECT FROM applied_routes
                WHERE bgp_prefix_id = route.id AND (may_hold OR advertised))
            OR EXISTS (SELECT FROM observed_routes
                WHERE bgp_prefix_id = route.id AND advertised)
        )
    ) THEN
        RAISE EXCEPTION 'a route of it may still be on the Internet'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = tg_name, TABLE = tg_table_name;
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER prefixes_withdraw_first BEFORE UPDATE ON prefixes
FOR EACH ROW WHEN (old.state <> 'closed' AND new.state = 'closed')
EXECUTE FUNCTION refuse_lingering();

CREATE TRIGGER bindings_withdraw_first BEFORE UPDATE ON bindings
FOR EACH ROW WHEN (old.removed_at IS NULL AND new.removed_at IS NOT NULL AND old.cidr = old.prefix_cidr)
EXECUTE FUNCTION refuse_lingering();
