-- What is announced: desired, applied, observed; the ledger of withdrawals; the breaker.

CREATE TABLE bgp_prefixes (
    id UUID NOT NULL,
    prefix_id UUID NOT NULL,
    prefix_cidr CIDR NOT NULL,
    cidr CIDR NOT NULL,
    asn BIGINT NOT NULL,
    prepend SMALLINT NOT NULL,
    advertised BOOLEAN NOT NULL,
    advertised_modified_at TIMESTAMP WITH TIME ZONE,
    change BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    binding_id UUID,
    withdrawal_id UUID,
    locked BOOLEAN NOT NULL,
    settled BIGINT DEFAULT '0' NOT NULL,
    last_valid_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (removed_at IS NULL) STORED NOT NULL,
    live_prefix BOOLEAN GENERATED ALWAYS AS (nullif(removed_at IS NULL, false)) STORED,
    must_span BOOLEAN GENERATED ALWAYS AS (nullif(advertised, false)) STORED,
    must_live BOOLEAN GENERATED ALWAYS AS (nullif(advertised, false)) STORED,
    CONSTRAINT pk_bgp_prefixes PRIMARY KEY (id),
    CONSTRAINT fk_bgp_prefixes_live_prefix FOREIGN KEY(prefix_id, prefix_cidr, live_prefix) REFERENCES prefixes (id, cidr, live),
    CONSTRAINT fk_bgp_prefixes_default_binding FOREIGN KEY(binding_id, prefix_id, must_span, must_live) REFERENCES bindings (id, prefix_id, is_default, live) ON DELETE RESTRICT,
    CONSTRAINT ck_bgp_prefixes_inside_prefix CHECK (cidr <<= prefix_cidr),
    CONSTRAINT ck_bgp_prefixes_routed CHECK (masklen(cidr) <= CASE family(cidr) WHEN 4 THEN 24 ELSE 48 END),
    CONSTRAINT ck_bgp_prefixes_asn CHECK (asn BETWEEN 1 AND 4294967295),
    CONSTRAINT ck_bgp_prefixes_prepend CHECK (prepend BETWEEN 0 AND 3),
    CONSTRAINT ck_bgp_prefixes_request_id CHECK (request_id <> ''),
    CONSTRAINT ck_bgp_prefixes_settled CHECK (settled BETWEEN 0 AND change),
    CONSTRAINT ck_bgp_prefixes_never_without_binding CHECK (advertised = (binding_id IS NOT NULL)),
    CONSTRAINT ck_bgp_prefixes_never_withdrawn_unasked CHECK ((withdrawal_id IS NOT NULL) = (NOT advertised AND advertised_modified_at IS NOT NULL)),
    CONSTRAINT ck_bgp_prefixes_announced_at CHECK (NOT advertised OR advertised_modified_at IS NOT NULL),
    CONSTRAINT ck_bgp_prefixes_withdraw_first CHECK (NOT (advertised AND removed_at IS NOT NULL))
);
CREATE INDEX ix_bgp_prefixes_page ON bgp_prefixes (prefix_id, created_at, id) WHERE live;
CREATE UNIQUE INDEX uq_bgp_prefixes_advertised ON bgp_prefixes (cidr) WHERE advertised;
CREATE UNIQUE INDEX uq_bgp_prefixes_live_cidr ON bgp_prefixes (prefix_id, cidr) WHERE live;
CREATE INDEX ix_bgp_prefixes_cidr ON bgp_prefixes (cidr);
CREATE INDEX ix_bgp_prefixes_unsettled ON bgp_prefixes (id) WHERE settled < change;

CREATE TABLE breaker_trips (
    id UUID NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    rearmed_at TIMESTAMP WITH TIME ZONE,
    rearmed_by TEXT,
    rearmed_because TEXT,
    parked TEXT,
    live BOOLEAN GENERATED ALWAYS AS (rearmed_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_breaker_trips PRIMARY KEY (id),
    CONSTRAINT ck_breaker_trips_scope CHECK (scope IN ('account', 'job', 'global')),
    CONSTRAINT ck_breaker_trips_parked CHECK (parked IN ('released', 'cancelled')),
    CONSTRAINT ck_breaker_trips_rearmed CHECK (num_nulls(rearmed_at, rearmed_by, rearmed_because, parked) IN (0, 4))
);
CREATE UNIQUE INDEX uq_breaker_trips_live ON breaker_trips (scope, subject) WHERE live;
CREATE INDEX ix_breaker_trips_page ON breaker_trips (at, id);

CREATE TABLE origin_drifts (
    prefix_id UUID NOT NULL,
    cidr CIDR NOT NULL,
    validity TEXT NOT NULL,
    snapshot INTEGER NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT uq_origin_drifts_prefix_id_cidr UNIQUE (prefix_id, cidr),
    CONSTRAINT ck_origin_drifts_validity CHECK (validity IN ('invalid', 'not_found')),
    CONSTRAINT fk_origin_drifts_prefix_id FOREIGN KEY(prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT
);

CREATE TABLE origin_watch (
    singleton BOOLEAN DEFAULT true NOT NULL,
    snapshot INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_origin_watch PRIMARY KEY (singleton),
    CONSTRAINT ck_origin_watch_one_row CHECK (singleton)
);

CREATE TABLE speakers (
    name TEXT NOT NULL,
    stage SMALLINT NOT NULL,
    alive BOOLEAN NOT NULL,
    fault TEXT NOT NULL,
    held INTEGER NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_speakers PRIMARY KEY (name)
);

CREATE TABLE orphan_routes (
    speaker TEXT NOT NULL,
    cidr CIDR NOT NULL,
    path JSONB NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decision TEXT,
    decided_by TEXT,
    decided_because TEXT,
    CONSTRAINT pk_orphan_routes PRIMARY KEY (speaker, cidr),
    CONSTRAINT ck_orphan_routes_decision CHECK (decision IN ('withdraw')),
    CONSTRAINT ck_orphan_routes_decided CHECK (num_nulls(decision, decided_by, decided_because) IN (0, 3))
);

CREATE TABLE incarnation (
    singleton BOOLEAN DEFAULT true NOT NULL,
    identity TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_incarnation PRIMARY KEY (singleton),
    CONSTRAINT ck_incarnation_one_row CHECK (singleton)
);

CREATE TABLE orphan_withdrawals (
    id UUID NOT NULL,
    speaker TEXT NOT NULL,
    cidr CIDR NOT NULL,
    decided_by TEXT NOT NULL,
    decided_because TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_orphan_withdrawals PRIMARY KEY (id)
);
CREATE INDEX ix_orphan_withdrawals_at ON orphan_withdrawals (at);

CREATE TABLE route_alarms (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_route_alarms PRIMARY KEY (kind, subject)
);

CREATE TABLE route_snapshots (
    number BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    routes JSONB NOT NULL,
    CONSTRAINT pk_route_snapshots PRIMARY KEY (number),
    CONSTRAINT ck_route_snapshots_number CHECK (number >= 1)
);

CREATE TABLE withdrawals (
    id UUID NOT NULL,
    bgp_prefix_id UUID NOT NULL,
    account_id UUID NOT NULL,
    change BIGINT NOT NULL,
    source TEXT NOT NULL,
    job TEXT NOT NULL,
    run TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_withdrawals PRIMARY KEY (id),
    CONSTRAINT uq_withdrawals_of_change UNIQUE (id, bgp_prefix_id, change),
    CONSTRAINT uq_withdrawals_bgp_prefix_id_change UNIQUE (bgp_prefix_id, change),
    CONSTRAINT ck_withdrawals_source CHECK (source IN ('request', 'offboarding', 'roll_back', 'job')),
    CONSTRAINT ck_withdrawals_request_id CHECK (request_id <> ''),
    CONSTRAINT fk_withdrawals_bgp_prefix_id FOREIGN KEY(bgp_prefix_id) REFERENCES bgp_prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT fk_withdrawals_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);
CREATE INDEX ix_withdrawals_at ON withdrawals (at);
CREATE INDEX ix_withdrawals_run ON withdrawals (job, run) WHERE run <> '';
CREATE INDEX ix_withdrawals_account ON withdrawals (account_id, at);

CREATE TABLE applied_routes (
    speaker TEXT NOT NULL,
    bgp_prefix_id UUID NOT NULL,
    may_hold BOOLEAN NOT NULL,
    advertised BOOLEAN NOT NULL,
    change BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_applied_routes PRIMARY KEY (speaker, bgp_prefix_id),
    CONSTRAINT fk_applied_routes_bgp_prefix_id FOREIGN KEY(bgp_prefix_id) REFERENCES bgp_prefixes (id) ON DELETE RESTRICT
);
CREATE INDEX ix_applied_routes_bgp_prefix_id ON applied_routes (bgp_prefix_id);

CREATE TABLE observed_routes (
    bgp_prefix_id UUID NOT NULL,
    seen_by TEXT NOT NULL,
    advertised BOOLEAN NOT NULL,
    own_word BOOLEAN NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_observed_routes PRIMARY KEY (bgp_prefix_id, seen_by),
    CONSTRAINT fk_observed_routes_bgp_prefix_id FOREIGN KEY(bgp_prefix_id) REFERENCES bgp_prefixes (id) ON DELETE RESTRICT
);

ALTER TABLE bgp_prefixes ADD CONSTRAINT fk_bgp_prefixes_withdrawal FOREIGN KEY(withdrawal_id, id, change) REFERENCES withdrawals (id, bgp_prefix_id, change) ON DELETE RESTRICT;

CREATE TRIGGER bgp_prefixes_never_deleted BEFORE DELETE ON bgp_prefixes
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER bgp_prefixes_never_emptied BEFORE TRUNCATE ON bgp_prefixes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER bgp_prefixes_fixed BEFORE UPDATE ON bgp_prefixes
FOR EACH ROW WHEN ((old.id, old.prefix_id, old.prefix_cidr, old.cidr, old.asn, old.created_at)
    IS DISTINCT FROM (new.id, new.prefix_id, new.prefix_cidr, new.cidr, new.asn, new.created_at))
EXECUTE FUNCTION refuse_change('the route and the prefix of a BGP prefix never change');

CREATE TRIGGER bgp_prefixes_count_up BEFORE UPDATE ON bgp_prefixes
FOR EACH ROW WHEN (new.change < old.change
    OR (new.advertised IS DISTINCT FROM old.advertised AND new.change = old.change))
EXECUTE FUNCTION refuse_change('every change of what is advertised has a number of its own');

CREATE TRIGGER bgp_prefixes_never_unsaid BEFORE UPDATE ON bgp_prefixes
FOR EACH ROW WHEN (old.advertised_modified_at IS NOT NULL AND new.advertised_modified_at IS NULL)
EXECUTE FUNCTION refuse_change('what was announced once can be withdrawn, not unsaid');

CREATE TRIGGER withdrawals_append_only BEFORE UPDATE OR DELETE ON withdrawals
FOR EACH ROW EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE TRIGGER withdrawals_never_emptied BEFORE TRUNCATE ON withdrawals
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE TRIGGER orphan_withdrawals_append_only BEFORE UPDATE OR DELETE ON orphan_withdrawals
FOR EACH ROW EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE TRIGGER orphan_withdrawals_never_emptied BEFORE TRUNCATE ON orphan_withdrawals
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE TRIGGER breaker_trips_never_deleted BEFORE DELETE ON breaker_trips
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER breaker_trips_stay_rearmed BEFORE UPDATE ON breaker_trips
FOR EACH ROW WHEN (old.rearmed_at IS NOT NULL)
EXECUTE FUNCTION refuse_change('who re-armed it, and why, never changes');

-- Prefixes that have a default binding already: each may be announced from now on, when its owner
-- says so.
INSERT INTO bgp_prefixes (
    id, prefix_id, prefix_cidr, cidr, asn, prepend, advertised, change, request_id, locked,
    created_at, modified_at
)
SELECT gen_random_uuid(), prefixes.id, prefixes.cidr, prefixes.cidr, prefixes.asn, 0, false, 1,
    'revision 0003', false, bindings.created_at, bindings.created_at
FROM bindings JOIN prefixes ON prefixes.id = bindings.prefix_id
WHERE bindings.live AND bindings.is_default;
