-- An operator accepts a snapshot for the anchors that were objected to: so each objection says
-- which anchor it is about. Entries that make no sense are counted.

ALTER TABLE vrp_snapshots ADD COLUMN unreadable INTEGER DEFAULT 0 NOT NULL;

UPDATE vrp_snapshots SET objections = (
    SELECT jsonb_agg(
        CASE WHEN one ->> 'gate' = 'anchor'
            THEN one || jsonb_build_object('anchor', split_part(one ->> 'detail', ' has ', 1))
            ELSE one END
        ORDER BY place
    ) FROM jsonb_array_elements(objections) WITH ORDINALITY AS listed (one, place)
) WHERE objections @> '[{"gate": "anchor"}]';

-- How far the routes have been held against a snapshot: a page at a time.

ALTER TABLE origin_watch
    ADD COLUMN judging INTEGER,
    ADD COLUMN after_prefix UUID,
    ADD COLUMN after_cidr CIDR,
    ADD CONSTRAINT ck_origin_watch_page CHECK (
        (judging IS NULL) = (after_prefix IS NULL) AND (judging IS NULL) = (after_cidr IS NULL)
    );
CREATE INDEX ix_prefixes_approved ON prefixes (id, cidr) WHERE state = 'approved';
