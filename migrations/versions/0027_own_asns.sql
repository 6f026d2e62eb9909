-- Customers' own AS numbers. What was loaded before knows no ASPAs and no numbers: that is unanswered
-- until the next snapshot and the next file. A worker of the version before loads without them.

CREATE TABLE own_asns (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    asn BIGINT NOT NULL,
    state TEXT NOT NULL,
    token TEXT NOT NULL,
    token_expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    proven_at TIMESTAMP WITH TIME ZONE,
    proven_by TEXT,
    registry TEXT,
    holder TEXT NOT NULL,
    evidence TEXT NOT NULL,
    answer BYTEA,
    seen TEXT NOT NULL,
    fix TEXT NOT NULL,
    doubt TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    live BOOLEAN GENERATED ALWAYS AS (ended_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_own_asns PRIMARY KEY (id),
    CONSTRAINT fk_own_asns_account_id FOREIGN KEY (account_id)
        REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT uq_own_asns_token UNIQUE (token),
    CONSTRAINT ck_own_asns_asn CHECK (asn BETWEEN 1 AND 4294967295),
    CONSTRAINT ck_own_asns_state
        CHECK (state IN ('pending', 'valid', 'missing', 'mismatch_asn', 'invalid', 'expired')),
    CONSTRAINT ck_own_asns_proven_by CHECK (proven_by IN ('token', 'holder', 'operator')),
    CONSTRAINT ck_own_asns_proven
        CHECK ((state = 'valid') = (proven_at IS NOT NULL)
            AND (proven_at IS NULL) = (proven_by IS NULL)),
    CONSTRAINT ck_own_asns_token CHECK (token ~ '^[0-9a-f]{32,64}$'),
    CONSTRAINT ck_own_asns_version CHECK (version >= 1)
);

-- A number is proven by one account at most.
CREATE UNIQUE INDEX uq_own_asns_proven ON own_asns (asn)
    WHERE state = 'valid' AND ended_at IS NULL;
CREATE UNIQUE INDEX uq_own_asns_live ON own_asns (account_id, asn) WHERE ended_at IS NULL;
CREATE INDEX ix_own_asns_page ON own_asns (created_at, id) WHERE ended_at IS NULL;

ALTER TABLE registration_snapshots ADD COLUMN asns INTEGER;
CREATE TABLE registered_asns (
    snapshot INTEGER NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    status TEXT NOT NULL,
    holder TEXT NOT NULL,
    CONSTRAINT pk_registered_asns PRIMARY KEY (snapshot, first),
    CONSTRAINT ck_registered_asns_numbers CHECK (first <= last)
);

ALTER TABLE vrp_snapshots ADD COLUMN aspas INTEGER, ADD COLUMN aspas_fault TEXT;
CREATE TABLE aspas (
    snapshot INTEGER NOT NULL,
    customer BIGINT NOT NULL,
    providers BIGINT[],
    expires BIGINT,
    CONSTRAINT pk_aspas PRIMARY KEY (snapshot, customer)
);
CREATE TABLE aspa_sightings (
    customer BIGINT NOT NULL,
    snapshot INTEGER NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_aspa_sightings PRIMARY KEY (customer)
);

ALTER TABLE bgp_prefixes ADD COLUMN behind BIGINT,
    ADD CONSTRAINT ck_bgp_prefixes_behind CHECK (behind <> asn);

ALTER TABLE speakers ADD COLUMN neighbour_ases BIGINT[] NOT NULL DEFAULT '{}';

ALTER TABLE registry_answers DROP CONSTRAINT ck_registry_answers_lookup,
    ADD CONSTRAINT ck_registry_answers_lookup CHECK
        (lookup in ('exact_routes', 'more_specific_routes', 'smallest_holder', 'aut_num'));
