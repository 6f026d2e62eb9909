-- Webhooks: each is a cursor over its account's events, and what came of the last attempts. A process
-- of the version before sends to none.

CREATE TABLE webhooks (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    kinds TEXT[] NOT NULL,
    state TEXT NOT NULL,
    because TEXT,
    key_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    former_until TIMESTAMP WITH TIME ZONE,
    public_key TEXT NOT NULL,
    created_by TEXT NOT NULL,
    epoch UUID NOT NULL,
    cursor BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    test_asked BOOLEAN NOT NULL,
    again BIGINT[] NOT NULL,
    failures INTEGER NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    holder UUID,
    held_until TIMESTAMP WITH TIME ZONE,
    live BOOLEAN GENERATED ALWAYS AS (ended_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_webhooks PRIMARY KEY (id),
    CONSTRAINT fk_webhooks_account_id FOREIGN KEY (account_id)
        REFERENCES accounts (id) ON DELETE RESTRICT,
    CONSTRAINT ck_webhooks_state CHECK (state IN ('pending', 'active', 'disabled')),
    CONSTRAINT ck_webhooks_because CHECK (because IN ('customer', 'operator', 'gone', 'failing')),
    CONSTRAINT ck_webhooks_disabled CHECK ((state = 'disabled') = (because IS NOT NULL)),
    CONSTRAINT ck_webhooks_cursor CHECK (0 <= delivered AND delivered <= cursor),
    CONSTRAINT ck_webhooks_generation CHECK (generation >= 1),
    CONSTRAINT ck_webhooks_failing CHECK ((failures = 0) = (failing_since IS NULL)),
    CONSTRAINT ck_webhooks_held CHECK ((holder IS NULL) = (held_until IS NULL))
);
CREATE INDEX ix_webhooks_page ON webhooks (account_id, created_at, id) WHERE live;
CREATE INDEX ix_webhooks_all ON webhooks (created_at, id) WHERE live;
CREATE INDEX ix_webhooks_serving ON webhooks (next_at) WHERE live AND (state <> 'disabled');

CREATE TABLE webhook_deliveries (
    webhook_id UUID NOT NULL,
    number BIGINT NOT NULL,
    about TEXT NOT NULL,
    event_number BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    status INTEGER,
    seconds DOUBLE PRECISION NOT NULL,
    said TEXT NOT NULL,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (webhook_id, number),
    CONSTRAINT fk_webhook_deliveries_webhook_id FOREIGN KEY (webhook_id)
        REFERENCES webhooks (id) ON DELETE RESTRICT,
    CONSTRAINT ck_webhook_deliveries_about
        CHECK (about IN ('event', 'redelivery', 'test', 'restart'))
);
CREATE INDEX ix_webhook_deliveries_at ON webhook_deliveries (at);

-- What metrics tell, as in 0013: a failing one is active, and has not taken what is next.
CREATE FUNCTION public.note_webhooks() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO public.figure_deltas (figure, label, delta)
        SELECT 'byoip_webhooks',
            CASE WHEN r.state = 'active' AND r.failures > 0 THEN 'failing' ELSE r.state END,
            count(*)
        FROM new_rows AS r WHERE r.live GROUP BY 2;
    ELSE
        INSERT INTO public.figure_deltas (figure, label, delta)
        SELECT 'byoip_webhooks', label, sum(difference) FROM (
            SELECT CASE WHEN r.state = 'active' AND r.failures > 0 THEN 'failing'
                ELSE r.state END AS label, 1 AS difference
            FROM new_rows AS r WHERE r.live
            UNION ALL
            SELECT CASE WHEN r.state = 'active' AND r.failures > 0 THEN 'failing'
                ELSE r.state END, -1
            FROM old_rows AS r WHERE r.live
        ) AS moved GROUP BY label HAVING sum(difference) <> 0;
    END IF;
    RETURN NULL;
END $body$;
CREATE TRIGGER note_webhooks_insert AFTER INSERT ON webhooks
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_webhooks();
CREATE TRIGGER note_webhooks_update AFTER UPDATE ON webhooks
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION public.note_webhooks();
