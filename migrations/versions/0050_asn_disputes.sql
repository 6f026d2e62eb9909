-- Who has proven an AS number that another account has proven. A process of the version before
-- opens none; where it takes a proof back, or gives a number up, the dispute ends with it. Its
-- worker does not know the new kinds of notices: an address that has one waits for this version.

CREATE TABLE asn_disputes (
    id UUID NOT NULL,
    asn BIGINT NOT NULL,
    holder_id UUID NOT NULL,
    claimant_id UUID NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decide_from TIMESTAMP WITH TIME ZONE NOT NULL,
    token TEXT NOT NULL,
    proven_by TEXT NOT NULL,
    registry TEXT NOT NULL,
    holder TEXT NOT NULL,
    evidence TEXT NOT NULL,
    answer BYTEA,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended TEXT,
    CONSTRAINT pk_asn_disputes PRIMARY KEY (id),
    CONSTRAINT ck_asn_disputes_ended CHECK (ended IN ('holder', 'claimant', 'gone')),
    CONSTRAINT ck_asn_disputes_proven_by CHECK (proven_by IN ('token', 'holder', 'operator')),
    CONSTRAINT ck_asn_disputes_one_end CHECK ((ended IS NULL) = (ended_at IS NULL)),
    CONSTRAINT ck_asn_disputes_two CHECK (holder_id <> claimant_id),
    CONSTRAINT ck_asn_disputes_decide_from CHECK (decide_from > opened_at),
    CONSTRAINT fk_asn_disputes_holder_id FOREIGN KEY (holder_id)
        REFERENCES own_asns (id) ON DELETE RESTRICT,
    CONSTRAINT fk_asn_disputes_claimant_id FOREIGN KEY (claimant_id)
        REFERENCES own_asns (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX uq_asn_disputes_open ON asn_disputes (asn) WHERE ended_at IS NULL;
CREATE INDEX ix_asn_disputes_holder ON asn_disputes (holder_id, opened_at);
CREATE INDEX ix_asn_disputes_claimant ON asn_disputes (claimant_id, opened_at);
CREATE INDEX ix_asn_disputes_opened ON asn_disputes (opened_at, id) WHERE ended_at IS NULL;

CREATE INDEX ix_own_asns_asn ON own_asns (asn, id) WHERE ended_at IS NULL;

CREATE TRIGGER asn_disputes_never_deleted BEFORE DELETE ON asn_disputes
FOR EACH ROW EXECUTE FUNCTION refuse_change('rows end, they are not deleted');

CREATE TRIGGER asn_disputes_stay_ended BEFORE UPDATE ON asn_disputes
FOR EACH ROW WHEN (old.ended_at IS NOT NULL OR
    (old.id, old.asn, old.holder_id, old.claimant_id, old.opened_at, old.decide_from, old.token)
    IS DISTINCT FROM
    (new.id, new.asn, new.holder_id, new.claimant_id, new.opened_at, new.decide_from, new.token))
EXECUTE FUNCTION refuse_change('a dispute ends once, and else stays as it is');

CREATE FUNCTION refuse_asn_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.own_asns AS holder JOIN public.own_asns AS claimant
            ON claimant.asn = holder.asn AND claimant.account_id <> holder.account_id
        WHERE holder.id = new.holder_id AND claimant.id = new.claimant_id AND holder.asn = new.asn
            AND holder.live AND holder.state = 'valid' AND claimant.live
    ) THEN
        RAISE EXCEPTION 'a dispute is of a proven AS number and of another account that has it, too'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = tg_name, TABLE = tg_table_name;
    END IF;
    RETURN new;
END $$;

CREATE TRIGGER asn_disputes_of_proven BEFORE INSERT ON asn_disputes
FOR EACH ROW EXECUTE FUNCTION refuse_asn_dispute();

-- The code ends them and tells both; this is for what it may forget.
CREATE FUNCTION end_asn_disputes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.asn_disputes SET ended = 'gone', ended_at = new.modified_at
    WHERE asn = new.asn AND ended_at IS NULL
        AND (holder_id = new.id OR claimant_id = new.id AND new.ended_at IS NOT NULL);
    RETURN NULL;
END $$;

CREATE TRIGGER own_asns_end_disputes AFTER UPDATE OF state, ended_at ON own_asns
FOR EACH ROW WHEN (old.ended_at IS NULL
    AND (new.ended_at IS NOT NULL OR old.state = 'valid' AND new.state <> 'valid'))
EXECUTE FUNCTION end_asn_disputes();

ALTER TABLE mail_notices DROP CONSTRAINT ck_mail_notices_kind;
ALTER TABLE mail_notices ADD CONSTRAINT ck_mail_notices_kind CHECK (kind IN (
    'webhook.disabled', 'credential.expiring', 'asn_dispute.opened', 'asn_dispute.ended'));
