-- Who moves a prefix away and brings it again is held to what its watch knew then, as who gives one
-- up is. A trigger keeps that, so processes of the version before do, too.

ALTER TABLE prefix_moves ADD COLUMN holder TEXT;
CREATE INDEX ix_prefix_moves_made ON prefix_moves (from_account_id, offered_at);

CREATE FUNCTION keep_moved_holder() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.holder := (
        SELECT baseline FROM public.prefix_watches
        WHERE prefix_id = new.prefix_id AND signal = 'holder'
    );
    RETURN new;
END $$;

CREATE TRIGGER prefix_moves_keep_holder BEFORE UPDATE OF ended ON prefix_moves
FOR EACH ROW WHEN (old.ended IS NULL AND new.ended = 'moved') EXECUTE FUNCTION keep_moved_holder();
