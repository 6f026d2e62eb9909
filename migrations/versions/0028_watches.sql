-- Whether what was proven is still so: what is watched, which level it reached, and what is frozen.
-- A process of the version before knows nothing of it: it neither freezes nor heeds a freeze.

ALTER TABLE prefixes ADD COLUMN frozen_for TEXT[] DEFAULT '{}' NOT NULL;
CREATE INDEX ix_prefixes_lost ON prefixes (account_id) WHERE state <> 'approved' AND frozen_for <> '{}';

CREATE TABLE watch_turns (
    prefix_id UUID NOT NULL,
    approved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_watch_turns PRIMARY KEY (prefix_id),
    CONSTRAINT fk_watch_turns_prefix_id FOREIGN KEY (prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT
);
CREATE INDEX ix_watch_turns_due ON watch_turns (due_at);

CREATE TABLE prefix_watches (
    prefix_id UUID NOT NULL,
    signal TEXT NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE,
    good_at TIMESTAMP WITH TIME ZONE,
    failing_since TIMESTAMP WITH TIME ZONE,
    failing_until TIMESTAMP WITH TIME ZONE,
    heard INTEGER,
    level TEXT NOT NULL,
    seen TEXT NOT NULL,
    doubt TEXT NOT NULL,
    baseline TEXT NOT NULL,
    found TEXT NOT NULL,
    CONSTRAINT pk_prefix_watches PRIMARY KEY (prefix_id, signal),
    CONSTRAINT fk_prefix_watches_prefix_id FOREIGN KEY (prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT ck_prefix_watches_signal CHECK (signal IN ('roa', 'roa_invalid', 'route_object', 'reverse_zone', 'zone_servers', 'holder')),
    CONSTRAINT ck_prefix_watches_level CHECK (level IN ('none', 'notice', 'warn', 'freeze')),
    CONSTRAINT ck_prefix_watches_level_of_failing CHECK (level = 'none' OR failing_since IS NOT NULL)
);
CREATE INDEX ix_prefix_watches_level ON prefix_watches (signal, prefix_id) WHERE level <> 'none';

CREATE TABLE level_rises (
    id UUID NOT NULL,
    prefix_id UUID NOT NULL,
    registry TEXT NOT NULL,
    signal TEXT NOT NULL,
    level TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_level_rises PRIMARY KEY (id),
    CONSTRAINT fk_level_rises_prefix_id FOREIGN KEY (prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT ck_level_rises_signal CHECK (signal IN ('roa', 'roa_invalid', 'route_object', 'reverse_zone', 'zone_servers', 'holder')),
    CONSTRAINT ck_level_rises_level CHECK (level IN ('none', 'notice', 'warn', 'freeze')),
    CONSTRAINT ck_level_rises_state CHECK (state IN ('done', 'held', 'released', 'dropped', 'recovered')),
    CONSTRAINT ck_level_rises_settled CHECK (settled_at IS NULL OR state NOT IN ('done', 'held'))
);
CREATE INDEX ix_level_rises_counted ON level_rises (registry, signal, at) WHERE state = 'done';
CREATE UNIQUE INDEX uq_level_rises_open ON level_rises (prefix_id, signal) WHERE state <> 'done' AND settled_at IS NULL;

CREATE TABLE watch_progress (
    singleton BOOLEAN DEFAULT true NOT NULL,
    roa_snapshot INTEGER NOT NULL,
    CONSTRAINT pk_watch_progress PRIMARY KEY (singleton),
    CONSTRAINT ck_watch_progress_one_row CHECK (singleton)
);

CREATE TABLE registry_rekeys (
    snapshot INTEGER NOT NULL,
    registry TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    ids JSONB NOT NULL,
    CONSTRAINT pk_registry_rekeys PRIMARY KEY (snapshot)
);

ALTER TABLE job_switches
    DROP CONSTRAINT ck_job_switches_kind,
    ADD CONSTRAINT ck_job_switches_kind CHECK (kind IN ('offboard', 'close_unproven', 'end_expired_delegations', 'roll_back', 'reevaluate_claims', 'settle_bindings', 'watch_letters', 'renew_letters', 'rescue_runs', 'refresh_roas', 'refresh_registrations', 'tidy_up', 'watch_prefixes'));
ALTER TABLE job_runs
    DROP CONSTRAINT ck_job_runs_kind,
    ADD CONSTRAINT ck_job_runs_kind CHECK (kind IN ('offboard', 'close_unproven', 'end_expired_delegations', 'roll_back', 'reevaluate_claims', 'settle_bindings', 'watch_letters', 'renew_letters', 'rescue_runs', 'refresh_roas', 'refresh_registrations', 'tidy_up', 'watch_prefixes'));
