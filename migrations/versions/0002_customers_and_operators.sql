-- What the manners of the API, operators, delegations and letters need.

ALTER TABLE services ADD CONSTRAINT uq_services_live UNIQUE (id, live);

CREATE TABLE letter_watch (
    singleton BOOLEAN DEFAULT true NOT NULL,
    snapshot INTEGER NOT NULL,
    CONSTRAINT pk_letter_watch PRIMARY KEY (singleton),
    CONSTRAINT ck_letter_watch_one_row CHECK (singleton)
);

CREATE TABLE operator_event_counter (
    singleton BOOLEAN DEFAULT true NOT NULL,
    last BIGINT NOT NULL,
    CONSTRAINT pk_operator_event_counter PRIMARY KEY (singleton),
    CONSTRAINT ck_operator_event_counter_one_row CHECK (singleton)
);

CREATE TABLE operator_events (
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    CONSTRAINT pk_operator_events PRIMARY KEY (number),
    CONSTRAINT ck_operator_events_number CHECK (number >= 1),
    CONSTRAINT ck_operator_events_reason CHECK (reason <> '')
);

CREATE UNLOGGED TABLE rate_windows (
    who UUID NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used INTEGER NOT NULL,
    CONSTRAINT pk_rate_windows PRIMARY KEY (who)
);

CREATE TABLE registry_overrides (
    id UUID NOT NULL,
    cidr CIDR NOT NULL,
    registry TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (removed_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_registry_overrides PRIMARY KEY (id)
);
CREATE INDEX ix_registry_overrides_page ON registry_overrides (created_at, id) WHERE live;
CREATE UNIQUE INDEX uq_registry_overrides_live_cidr ON registry_overrides (cidr) WHERE live;

ALTER TABLE registration_snapshots
    ADD COLUMN accepted_by TEXT,
    ADD COLUMN accepted_because TEXT,
    ADD COLUMN accepted_at TIMESTAMP WITH TIME ZONE;

CREATE TABLE account_event_counters (
    account_id UUID NOT NULL,
    last BIGINT NOT NULL,
    CONSTRAINT pk_account_event_counters PRIMARY KEY (account_id),
    CONSTRAINT fk_account_event_counters_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);

CREATE TABLE loa_documents (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    filename TEXT NOT NULL,
    content BYTEA NOT NULL,
    sha256 BYTEA GENERATED ALWAYS AS (sha256(content)) STORED NOT NULL,
    size INTEGER GENERATED ALWAYS AS (octet_length(content)) STORED NOT NULL,
    auto_generated BOOLEAN NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_loa_documents PRIMARY KEY (id),
    CONSTRAINT uq_loa_documents_of_account UNIQUE (id, account_id),
    CONSTRAINT ck_loa_documents_size CHECK (octet_length(content) BETWEEN 1 AND 10485760),
    CONSTRAINT fk_loa_documents_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);
CREATE INDEX ix_loa_documents_uploaded ON loa_documents (account_id) WHERE NOT auto_generated;

CREATE TABLE reservations (
    id UUID NOT NULL,
    cidr CIDR NOT NULL,
    account_id UUID,
    reason TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    released_at TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (released_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_reservations PRIMARY KEY (id),
    CONSTRAINT ck_reservations_length CHECK (masklen(cidr) >= CASE family(cidr) WHEN 4 THEN 8 ELSE 16 END),
    CONSTRAINT ex_reservations_overlap EXCLUDE USING gist (cidr inet_ops WITH &&) WHERE (live),
    CONSTRAINT fk_reservations_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);
CREATE INDEX ix_reservations_page ON reservations (created_at, id) WHERE live;

CREATE TABLE delegations (
    id UUID NOT NULL,
    prefix_id UUID NOT NULL,
    prefix_cidr CIDR NOT NULL,
    cidr CIDR NOT NULL,
    account_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (ended_at IS NULL) STORED NOT NULL,
    live_prefix BOOLEAN GENERATED ALWAYS AS (nullif(ended_at IS NULL, false)) STORED,
    CONSTRAINT pk_delegations PRIMARY KEY (id),
    CONSTRAINT fk_delegations_live_prefix FOREIGN KEY(prefix_id, prefix_cidr, live_prefix) REFERENCES prefixes (id, cidr, live),
    CONSTRAINT ck_delegations_inside_prefix CHECK (cidr <<= prefix_cidr),
    CONSTRAINT ck_delegations_expires_at CHECK (expires_at > created_at),
    CONSTRAINT ex_delegations_overlap EXCLUDE USING gist (cidr inet_ops WITH &&) WHERE (live),
    CONSTRAINT fk_delegations_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);
CREATE INDEX ix_delegations_account ON delegations (account_id, created_at, id) WHERE live;
CREATE INDEX ix_delegations_expiring ON delegations (expires_at) WHERE live;
CREATE INDEX ix_delegations_page ON delegations (prefix_id, created_at, id) WHERE live;

CREATE TABLE letters (
    reference UUID NOT NULL,
    prefix_id UUID NOT NULL,
    document_id UUID NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    facts JSONB NOT NULL,
    superseded_by UUID,
    revoked_at TIMESTAMP WITH TIME ZONE,
    revoked_because TEXT,
    rpki_snapshot INTEGER,
    rpki_failing_since TIMESTAMP WITH TIME ZONE,
    rpki_failing_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_letters PRIMARY KEY (reference),
    CONSTRAINT uq_letters_document_id UNIQUE (document_id),
    CONSTRAINT ck_letters_revoked_because CHECK (revoked_because IN ('removed', 'operator', 'rpki')),
    CONSTRAINT ck_letters_revoked CHECK ((revoked_at IS NULL) = (revoked_because IS NULL)),
    CONSTRAINT ck_letters_validity CHECK (valid_until > issued_at),
    CONSTRAINT ck_letters_superseded_by CHECK (superseded_by <> reference),
    CONSTRAINT ck_letters_rpki_failing CHECK ((rpki_failing_since IS NULL) = (rpki_failing_until IS NULL)),
    CONSTRAINT fk_letters_prefix_id FOREIGN KEY(prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT fk_letters_document_id FOREIGN KEY(document_id) REFERENCES loa_documents (id) ON DELETE RESTRICT,
    CONSTRAINT fk_letters_superseded_by FOREIGN KEY(superseded_by) REFERENCES letters (reference) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ix_letters_of_prefix ON letters (prefix_id, issued_at);
CREATE INDEX ix_letters_standing ON letters (reference) WHERE superseded_by IS NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX uq_letters_standing ON letters (prefix_id) WHERE superseded_by IS NULL AND revoked_at IS NULL;

-- Rows that are there already: approvals so far were all on the checks' word, and events are
-- numbered once more, account by account, in the order in which they happened.

ALTER TABLE idempotency_keys ADD COLUMN version INTEGER;

ALTER TABLE prefixes
    ADD COLUMN approved_by TEXT,
    ADD COLUMN revoked_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE prefixes DISABLE TRIGGER prefixes_stay_closed;
UPDATE prefixes SET approved_by = 'checks' WHERE approved_at IS NOT NULL;
ALTER TABLE prefixes ENABLE TRIGGER prefixes_stay_closed;

ALTER TABLE prefixes
    DROP CONSTRAINT ck_prefixes_approved_is_proven,
    ADD CONSTRAINT fk_prefixes_loa_document FOREIGN KEY(loa_document_id, account_id) REFERENCES loa_documents (id, account_id) ON DELETE RESTRICT,
    ADD CONSTRAINT ck_prefixes_approved_by CHECK (approved_by IN ('checks', 'operator')),
    ADD CONSTRAINT ck_prefixes_approved_by_whom CHECK ((approved_at IS NULL) = (approved_by IS NULL)),
    ADD CONSTRAINT ck_prefixes_approved_is_proven CHECK (state <> 'approved' OR ownership_state = 'valid' OR approved_by = 'operator');
CREATE INDEX ix_prefixes_all ON prefixes (created_at, id) WHERE live;

ALTER TABLE bindings ADD CONSTRAINT fk_bindings_live_service FOREIGN KEY(service_id, live_prefix) REFERENCES services (id, live);

ALTER TABLE events
    ADD COLUMN account_id UUID,
    ADD COLUMN account_number BIGINT;

ALTER TABLE events DISABLE TRIGGER USER;
UPDATE events SET account_id = placed.account_id, account_number = placed.place
FROM (
    -- An event is never placed before an earlier one of its prefix, even where a clock was behind.
    SELECT prefix_id, number, account_id,
        row_number() OVER (PARTITION BY account_id ORDER BY reached, prefix_id, number) AS place
    FROM (
        SELECT prefix_id, number, prefixes.account_id,
            max(at) OVER (PARTITION BY prefix_id ORDER BY number) AS reached
        FROM events JOIN prefixes ON prefixes.id = prefix_id
    ) AS happened
) AS placed
WHERE (events.prefix_id, events.number) = (placed.prefix_id, placed.number);
ALTER TABLE events ENABLE TRIGGER USER;

INSERT INTO account_event_counters (account_id, last)
SELECT account_id, max(account_number) FROM events GROUP BY account_id;

ALTER TABLE events
    ALTER COLUMN account_id SET NOT NULL,
    ALTER COLUMN account_number SET NOT NULL,
    DROP CONSTRAINT ck_events_number,
    ADD CONSTRAINT ck_events_number CHECK (number >= 1 AND account_number >= 1),
    ADD CONSTRAINT uq_events_account_id_account_number UNIQUE (account_id, account_number),
    ADD CONSTRAINT fk_events_account_id FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE RESTRICT;

CREATE TRIGGER services_never_deleted BEFORE DELETE ON services
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER reservations_never_deleted BEFORE DELETE ON reservations
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER registry_overrides_never_deleted BEFORE DELETE ON registry_overrides
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER operator_events_append_only BEFORE UPDATE OR DELETE ON operator_events
FOR EACH ROW EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE TRIGGER operator_events_never_emptied BEFORE TRUNCATE ON operator_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('history is only ever added to');

CREATE FUNCTION refuse_reserved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM reservations
        WHERE live AND cidr && new.cidr AND account_id IS DISTINCT FROM new.account_id
    ) THEN
        RAISE EXCEPTION '% overlaps space that is reserved', new.cidr
            USING ERRCODE = 'restrict_violation', CONSTRAINT = tg_name, TABLE = tg_table_name;
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER prefixes_claim_unreserved BEFORE INSERT ON prefixes
FOR EACH ROW EXECUTE FUNCTION refuse_reserved();

CREATE TRIGGER prefixes_approve_unreserved BEFORE UPDATE OF state ON prefixes
FOR EACH ROW WHEN (old.state <> 'approved' AND new.state = 'approved')
EXECUTE FUNCTION refuse_reserved();

CREATE TRIGGER loa_documents_never_deleted BEFORE DELETE ON loa_documents
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER letters_never_deleted BEFORE DELETE ON letters
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER loa_documents_fixed BEFORE UPDATE ON loa_documents
FOR EACH ROW WHEN ((old.id, old.account_id, old.filename, old.content, old.auto_generated,
    old.created_at) IS DISTINCT FROM (new.id, new.account_id, new.filename, new.content,
    new.auto_generated, new.created_at))
EXECUTE FUNCTION refuse_change('a document stays as it was kept');

CREATE TRIGGER letters_fixed BEFORE UPDATE ON letters
FOR EACH ROW WHEN ((old.reference, old.prefix_id, old.document_id, old.issued_at,
    old.valid_until, old.facts) IS DISTINCT FROM (new.reference, new.prefix_id,
    new.document_id, new.issued_at, new.valid_until, new.facts))
EXECUTE FUNCTION refuse_change('what a letter states never changes');

CREATE TRIGGER letters_stay_revoked BEFORE UPDATE ON letters
FOR EACH ROW WHEN (old.revoked_at IS NOT NULL AND (old.revoked_at, old.revoked_because)
    IS DISTINCT FROM (new.revoked_at, new.revoked_because))
EXECUTE FUNCTION refuse_change('a revoked letter stays revoked, and why');

CREATE TRIGGER delegations_never_deleted BEFORE DELETE ON delegations
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');
