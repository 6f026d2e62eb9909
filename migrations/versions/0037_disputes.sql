-- Who has proven space whose holder changed, beside the account that is approved. A process of the
-- version before opens none; where it closes a party, or revokes, the dispute ends with it.

CREATE TABLE disputes (
    id UUID NOT NULL,
    holder_id UUID NOT NULL,
    claimant_id UUID NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decide_from TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended TEXT,
    CONSTRAINT pk_disputes PRIMARY KEY (id),
    CONSTRAINT ck_disputes_ended CHECK (ended IN ('holder', 'claimant', 'gone')),
    CONSTRAINT ck_disputes_one_end CHECK ((ended IS NULL) = (ended_at IS NULL)),
    CONSTRAINT ck_disputes_two CHECK (holder_id <> claimant_id),
    CONSTRAINT ck_disputes_decide_from CHECK (decide_from > opened_at),
    CONSTRAINT fk_disputes_holder_id FOREIGN KEY (holder_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT fk_disputes_claimant_id FOREIGN KEY (claimant_id) REFERENCES prefixes (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX uq_disputes_open ON disputes (holder_id, claimant_id) WHERE ended_at IS NULL;
CREATE INDEX ix_disputes_claimant ON disputes (claimant_id) WHERE ended_at IS NULL;
CREATE INDEX ix_disputes_opened ON disputes (opened_at, id) WHERE ended_at IS NULL;

CREATE TRIGGER disputes_never_deleted BEFORE DELETE ON disputes
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER disputes_stay_ended BEFORE UPDATE ON disputes
FOR EACH ROW WHEN (old.ended_at IS NOT NULL OR
    (old.id, old.holder_id, old.claimant_id, old.opened_at, old.decide_from) IS DISTINCT FROM
    (new.id, new.holder_id, new.claimant_id, new.opened_at, new.decide_from))
EXECUTE FUNCTION refuse_change('a dispute ends once, and else stays as it is');

CREATE FUNCTION refuse_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.prefixes AS holder JOIN public.prefixes AS claimant
            ON claimant.cidr OPERATOR(pg_catalog.&&) holder.cidr
                AND claimant.account_id <> holder.account_id
        WHERE holder.id = new.holder_id AND claimant.id = new.claimant_id
            AND holder.state = 'approved' AND 'holder' = ANY (holder.frozen_for)
            AND claimant.state = 'pending'
    ) THEN
        RAISE EXCEPTION 'a dispute is of a frozen prefix and of another account that wants it'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = tg_name, TABLE = tg_table_name;
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER disputes_of_frozen BEFORE INSERT ON disputes
FOR EACH ROW EXECUTE FUNCTION refuse_dispute();

-- Nothing new happens to what is disputed, whoever lifts a freeze.
CREATE FUNCTION refuse_thaw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM public.disputes WHERE holder_id = new.id AND ended_at IS NULL
    ) THEN
        RAISE EXCEPTION 'there is a dispute about %', new.cidr
            USING ERRCODE = 'restrict_violation', CONSTRAINT = tg_name, TABLE = tg_table_name;
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER prefixes_frozen_while_disputed BEFORE UPDATE OF frozen_for ON prefixes
FOR EACH ROW WHEN ('holder' = ANY (old.frozen_for) AND NOT 'holder' = ANY (new.frozen_for))
EXECUTE FUNCTION refuse_thaw();

-- The code ends them and tells both; this is for what it may forget.
CREATE FUNCTION end_disputes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.disputes SET ended = 'gone', ended_at = new.modified_at
    WHERE ended_at IS NULL
        AND (holder_id = new.id OR claimant_id = new.id AND new.state <> 'pending');
    RETURN NULL;
END $$;

CREATE TRIGGER prefixes_end_disputes AFTER UPDATE OF state ON prefixes
FOR EACH ROW WHEN (old.state <> new.state AND (old.state = 'approved' OR new.state <> 'pending'))
EXECUTE FUNCTION end_disputes();
