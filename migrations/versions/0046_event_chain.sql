-- A hash of an event covers the hash of the one before, so nobody changes an old one unnoticed by
-- those who kept a later hash. A trigger makes it, since processes of the version before write, too.
-- Numbers have no gaps, and who has one has the counter locked: the event before is there.

ALTER TABLE operator_events ADD COLUMN hash bytea;

-- What the hash is of, and what is exported but for the hash. Never to change: old hashes rest on it.
CREATE FUNCTION operator_event_line(e operator_events) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'number', e.number, 'kind', e.kind, 'actor', e.actor, 'request_id', e.request_id,
        'reason', e.reason, 'before', e.before, 'after', e.after,
        'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'previous', coalesce(
            (SELECT encode(p.hash, 'hex') FROM operator_events p WHERE p.number = e.number - 1),
            repeat('0', 64)
        )
    )::text
$$;

CREATE FUNCTION chain_operator_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.hash := sha256(convert_to(operator_event_line(NEW), 'UTF8'));
    RETURN NEW;
END $$;

ALTER TABLE operator_events DISABLE TRIGGER operator_events_append_only;
DO $$
DECLARE one bigint;
BEGIN
    FOR one IN SELECT number FROM operator_events ORDER BY number LOOP
        UPDATE operator_events e SET hash = sha256(convert_to(operator_event_line(e), 'UTF8'))
        WHERE number = one;
    END LOOP;
END $$;
ALTER TABLE operator_events ENABLE TRIGGER operator_events_append_only;
ALTER TABLE operator_events ALTER COLUMN hash SET NOT NULL;

CREATE TRIGGER operator_events_chained BEFORE INSERT ON operator_events
FOR EACH ROW EXECUTE FUNCTION chain_operator_event();
