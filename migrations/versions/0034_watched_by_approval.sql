-- A prefix is watched from its approval on and until it has none, in the transaction of either: so the
-- job finds what is due and what has not heard the newest file, and reads nothing else.

-- Of which registry, and when that last answered about the route object; before that, since when the
-- prefix is watched. The longest ago is asked next.
ALTER TABLE watch_turns
    ADD COLUMN registry TEXT,
    ADD COLUMN answered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL;
ALTER TABLE watch_turns ALTER COLUMN answered_at DROP DEFAULT;

-- Number 0: it has heard no file. None: it hears none, since it is not approved.
CREATE FUNCTION watch_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.state = 'approved' THEN
        DELETE FROM public.prefix_watches WHERE prefix_id = new.id;
        INSERT INTO public.prefix_watches (prefix_id, signal, heard, level, seen, doubt, baseline, found)
        VALUES (new.id, 'holder', 0, 'none', '', '', '', '');
        INSERT INTO public.watch_turns AS turn (prefix_id, approved_at, due_at, registry, answered_at)
        VALUES (new.id, new.approved_at, new.approved_at, new.registry, new.approved_at)
        ON CONFLICT (prefix_id) DO UPDATE SET approved_at = excluded.approved_at,
            due_at = excluded.due_at, registry = excluded.registry, answered_at = excluded.answered_at;
    ELSE
        DELETE FROM public.watch_turns WHERE prefix_id = new.id;
        UPDATE public.prefix_watches SET heard = NULL WHERE prefix_id = new.id AND signal = 'holder';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION watch_registry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.watch_turns SET registry = new.registry WHERE prefix_id = new.id;
    RETURN NULL;
END $$;

CREATE FUNCTION watch_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM watch_turns AS turn USING prefixes AS p WHERE p.id = turn.prefix_id
        AND (p.state <> 'approved' OR p.approved_at <> turn.approved_at);
    DELETE FROM prefix_watches AS w USING prefixes AS p WHERE p.id = w.prefix_id
        AND p.state = 'approved'
        AND NOT EXISTS (SELECT FROM watch_turns AS turn WHERE turn.prefix_id = p.id);
    INSERT INTO watch_turns (prefix_id, approved_at, due_at, registry, answered_at)
    SELECT id, approved_at, now(), registry, now() FROM prefixes WHERE state = 'approved'
    ON CONFLICT DO NOTHING;
    ANALYZE watch_turns;
    UPDATE watch_turns AS turn SET registry = p.registry, answered_at = coalesce(
        (SELECT good_at FROM prefix_watches WHERE prefix_id = p.id AND signal = 'route_object'),
        answered_at
    ) FROM prefixes AS p WHERE p.id = turn.prefix_id AND p.registry IS DISTINCT FROM turn.registry;
    UPDATE prefix_watches AS w SET heard = NULL FROM prefixes AS p WHERE p.id = w.prefix_id
        AND p.state <> 'approved' AND w.signal = 'holder' AND w.heard IS NOT NULL;
    INSERT INTO prefix_watches (prefix_id, signal, heard, level, seen, doubt, baseline, found)
    SELECT id, 'holder', 0, 'none', '', '', '', '' FROM prefixes WHERE state = 'approved'
    ON CONFLICT DO NOTHING;
    ANALYZE prefix_watches;
END $$;

-- What is there already, while others write; once more as they cannot, which finds little.
SELECT watch_all();

CREATE TRIGGER prefixes_watch_new AFTER INSERT ON prefixes
FOR EACH ROW WHEN (new.state = 'approved') EXECUTE FUNCTION watch_approval();

CREATE TRIGGER prefixes_watch_changed AFTER UPDATE ON prefixes
FOR EACH ROW WHEN ((old.state = 'approved' OR new.state = 'approved') AND
    (old.state, old.approved_at) IS DISTINCT FROM (new.state, new.approved_at))
EXECUTE FUNCTION watch_approval();

CREATE TRIGGER prefixes_watch_registry AFTER UPDATE ON prefixes
FOR EACH ROW WHEN (new.state = 'approved' AND old.registry IS DISTINCT FROM new.registry)
EXECUTE FUNCTION watch_registry();

DISCARD PLANS; -- made when there was little
SELECT watch_all();
DROP FUNCTION watch_all();

CREATE INDEX ix_watch_turns_answered ON watch_turns (registry, answered_at, prefix_id);
CREATE INDEX ix_prefix_watches_heard ON prefix_watches (heard, prefix_id) WHERE signal = 'holder';
CREATE INDEX ix_prefix_watches_unheeded ON prefix_watches (prefix_id)
    WHERE signal IN ('roa', 'roa_invalid') AND failing_since IS NOT NULL;

-- Which prefix holds an address, by one look for each length that it may have.
CREATE INDEX ix_prefixes_cidr ON prefixes (cidr) WHERE live;

-- Which prefixes want letters, each minute and without the others.
CREATE INDEX ix_prefixes_lettered ON prefixes (id) WHERE state = 'approved' AND delegate_loa_creation;
