-- A prefix goes from one account to another, by an offer that was accepted, or by an operator. Its
-- row stays, with all that refers to it; what is counted for accounts goes along.

CREATE TABLE prefix_moves (
    id UUID NOT NULL,
    prefix_id UUID NOT NULL,
    from_account_id UUID NOT NULL,
    to_account_id UUID NOT NULL,
    offered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended TEXT,
    CONSTRAINT pk_prefix_moves PRIMARY KEY (id),
    CONSTRAINT ck_prefix_moves_ended CHECK (ended IN ('moved', 'declined', 'taken_back', 'gone')),
    CONSTRAINT ck_prefix_moves_one_end CHECK ((ended IS NULL) = (ended_at IS NULL)),
    CONSTRAINT ck_prefix_moves_two CHECK (from_account_id <> to_account_id),
    CONSTRAINT ck_prefix_moves_expires_at CHECK (expires_at > offered_at),
    CONSTRAINT fk_prefix_moves_prefix_id FOREIGN KEY (prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT fk_prefix_moves_from_account_id FOREIGN KEY (from_account_id) REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT fk_prefix_moves_to_account_id FOREIGN KEY (to_account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX uq_prefix_moves_open ON prefix_moves (prefix_id) WHERE ended_at IS NULL;
CREATE INDEX ix_prefix_moves_to ON prefix_moves (to_account_id, offered_at, id) WHERE ended_at IS NULL;
CREATE INDEX ix_prefix_moves_from ON prefix_moves (from_account_id, offered_at, id) WHERE ended_at IS NULL;

CREATE TRIGGER prefix_moves_never_deleted BEFORE DELETE ON prefix_moves
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER prefix_moves_stay_ended BEFORE UPDATE ON prefix_moves
FOR EACH ROW WHEN (old.ended_at IS NOT NULL OR
    (old.id, old.prefix_id, old.from_account_id, old.to_account_id, old.offered_at, old.expires_at)
    IS DISTINCT FROM
    (new.id, new.prefix_id, new.from_account_id, new.to_account_id, new.offered_at, new.expires_at))
EXECUTE FUNCTION refuse_change('an offer ends once, and else stays as it is');

DROP TRIGGER prefixes_fixed ON prefixes;
CREATE TRIGGER prefixes_fixed BEFORE UPDATE ON prefixes
FOR EACH ROW WHEN ((old.id, old.cidr, old.asn, old.created_at)
    IS DISTINCT FROM (new.id, new.cidr, new.asn, new.created_at))
EXECUTE FUNCTION refuse_change('prefix and ASN of a claim never change');

-- The account changes by a move alone, which ended at the moment of the change.
CREATE FUNCTION refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.state <> 'approved' OR new.state <> 'approved' OR NOT EXISTS (
        SELECT FROM public.prefix_moves
        WHERE prefix_id = new.id AND from_account_id = old.account_id
            AND to_account_id = new.account_id AND ended = 'moved' AND ended_at = new.modified_at
    ) OR EXISTS (
        SELECT FROM public.disputes WHERE holder_id = new.id AND ended_at IS NULL
    ) THEN
        RAISE EXCEPTION 'account of a claim changes by a move alone'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = tg_name, TABLE = tg_table_name;
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER prefixes_move BEFORE UPDATE OF account_id ON prefixes
FOR EACH ROW WHEN (old.account_id <> new.account_id) EXECUTE FUNCTION refuse_move();

CREATE TRIGGER prefixes_move_unreserved BEFORE UPDATE OF account_id ON prefixes
FOR EACH ROW WHEN (old.account_id <> new.account_id) EXECUTE FUNCTION refuse_reserved();

CREATE FUNCTION end_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.prefix_moves SET ended = 'gone', ended_at = new.modified_at
    WHERE ended_at IS NULL AND prefix_id = new.id;
    RETURN NULL;
END $$;

CREATE TRIGGER prefixes_end_moves AFTER UPDATE OF state ON prefixes
FOR EACH ROW WHEN (old.state = 'approved' AND new.state <> 'approved')
EXECUTE FUNCTION end_moves();

-- As accounts' counters are written: as it commits, and in the order of ids.
CREATE FUNCTION count_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    runs INTEGER;
    kept BIGINT;
BEGIN
    SELECT count(*) FILTER (WHERE state IN ('scheduled', 'running')), coalesce(sum(raw_bytes), 0)
    INTO runs, kept FROM ( -- what is being pruned is waited for
        SELECT state, raw_bytes FROM public.validation_runs WHERE prefix_id = new.id FOR SHARE
    ) AS run;
    INSERT INTO public.account_counters AS was (account_id, live_prefixes, open_runs)
    SELECT * FROM (VALUES (old.account_id, -1, -runs), (new.account_id, 1, runs)) AS change (id)
    ORDER BY id
    ON CONFLICT (account_id) DO UPDATE SET
        live_prefixes = was.live_prefixes + excluded.live_prefixes,
        open_runs = was.open_runs + excluded.open_runs;
    IF kept > 0 THEN
        INSERT INTO public.evidence_usage AS was (account_id, bytes)
        SELECT * FROM (VALUES (old.account_id, -kept), (new.account_id, kept)) AS change (id)
        ORDER BY id
        ON CONFLICT (account_id) DO UPDATE SET bytes = was.bytes + excluded.bytes;
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER prefixes_count_move AFTER UPDATE ON prefixes
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.account_id <> new.account_id)
EXECUTE FUNCTION count_move();
