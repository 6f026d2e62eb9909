-- Addresses of mail: each is a cursor over its account's events. A process of the version before
-- sends to none.

CREATE TABLE mail_addresses (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    address TEXT NOT NULL,
    topics TEXT[] NOT NULL,
    state TEXT NOT NULL,
    code_asked BOOLEAN NOT NULL,
    code_asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    code_sha256 BYTEA,
    code_until TIMESTAMP WITH TIME ZONE,
    epoch UUID NOT NULL,
    cursor BIGINT NOT NULL,
    until BIGINT,
    failures INTEGER NOT NULL,
    held_up BOOLEAN NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_sent_at TIMESTAMP WITH TIME ZONE,
    said TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    holder UUID,
    held_until TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (ended_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_mail_addresses PRIMARY KEY (id),
    CONSTRAINT fk_mail_addresses_account_id FOREIGN KEY (account_id)
        REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT ck_mail_addresses_state CHECK (state IN ('pending', 'active', 'parked')),
    CONSTRAINT ck_mail_addresses_until CHECK (until > cursor),
    CONSTRAINT ck_mail_addresses_code CHECK ((code_sha256 IS NULL) = (code_until IS NULL)),
    CONSTRAINT ck_mail_addresses_held CHECK ((holder IS NULL) = (held_until IS NULL))
);
CREATE UNIQUE INDEX uq_mail_addresses_live ON mail_addresses (account_id, address) WHERE live;
CREATE INDEX ix_mail_addresses_page ON mail_addresses (account_id, created_at, id) WHERE live;
CREATE INDEX ix_mail_addresses_serving ON mail_addresses (next_at)
    WHERE live AND (state <> 'parked');

-- What metrics tell, as in 0013. `held_up`: the operator's own server takes nothing.
CREATE FUNCTION public.label_of_mail_address(held_up BOOLEAN, failures INTEGER, state TEXT)
    RETURNS text LANGUAGE sql IMMUTABLE AS $body$
    SELECT CASE WHEN held_up AND state <> 'parked' THEN 'held_up'
        WHEN state = 'active' AND failures > 0 THEN 'failing' ELSE state END
$body$;
CREATE FUNCTION public.note_mail_addresses() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO public.figure_deltas (figure, label, delta)
        SELECT 'byoip_mail_addresses',
            public.label_of_mail_address(r.held_up, r.failures, r.state), count(*)
        FROM new_rows AS r WHERE r.live GROUP BY 2;
    ELSE
        INSERT INTO public.figure_deltas (figure, label, delta)
        SELECT 'byoip_mail_addresses', label, sum(difference) FROM (
            SELECT public.label_of_mail_address(r.held_up, r.failures, r.state) AS label,
                1 AS difference
            FROM new_rows AS r WHERE r.live
            UNION ALL
            SELECT public.label_of_mail_address(r.held_up, r.failures, r.state), -1
            FROM old_rows AS r WHERE r.live
        ) AS moved GROUP BY label HAVING sum(difference) <> 0;
    END IF;
    RETURN NULL;
END $body$;
CREATE TRIGGER note_mail_addresses_insert AFTER INSERT ON mail_addresses
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION public.note_mail_addresses();
CREATE TRIGGER note_mail_addresses_update AFTER UPDATE ON mail_addresses
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION public.note_mail_addresses();
