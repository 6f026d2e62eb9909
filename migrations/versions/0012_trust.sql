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

-- Raw answers are kept once for each content. Those from before stay where they are until their
-- runs are due; so nothing is rewritten here.

CREATE TABLE raw_answers (
    sha256 BYTEA NOT NULL,
    packed BYTEA NOT NULL,
    loose_since TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_raw_answers PRIMARY KEY (sha256)
);

ALTER TABLE raw_answers ALTER COLUMN packed SET STORAGE EXTERNAL;

CREATE INDEX ix_raw_answers_loose ON raw_answers (loose_since) WHERE loose_since IS NOT NULL;

ALTER TABLE exhibits
    ALTER COLUMN answer DROP NOT NULL,
    ALTER COLUMN sha256 DROP EXPRESSION,
    ADD COLUMN size_bytes INTEGER,
    ADD COLUMN kept BYTEA,
    ADD CONSTRAINT fk_exhibits_kept FOREIGN KEY (kept) REFERENCES raw_answers (sha256) ON DELETE RESTRICT,
    ADD CONSTRAINT ck_exhibits_kept CHECK (kept IS NULL OR kept = sha256 AND answer IS NULL),
    ADD CONSTRAINT ck_exhibits_size CHECK (answer IS NOT NULL OR size_bytes IS NOT NULL);

CREATE INDEX ix_exhibits_kept ON exhibits (kept) WHERE kept IS NOT NULL;

ALTER TABLE validation_runs
    ADD COLUMN raw_bytes INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN raw_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN grounds_of_approval BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN grounds_of_letter BOOLEAN DEFAULT false NOT NULL,
    ADD CONSTRAINT ck_validation_runs_raw CHECK (raw_bytes >= 0 AND NOT (grounds_of_letter AND raw_until IS NOT NULL));

CREATE INDEX ix_validation_runs_raw ON validation_runs (prefix_id, finished_at, id) WHERE raw_bytes > 0;

CREATE INDEX ix_validation_runs_due ON validation_runs (raw_until, id) WHERE raw_until IS NOT NULL;

CREATE TABLE evidence_usage (
    account_id UUID NOT NULL,
    bytes BIGINT NOT NULL,
    CONSTRAINT pk_evidence_usage PRIMARY KEY (account_id),
    CONSTRAINT fk_evidence_usage_account_id FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE RESTRICT
);

UPDATE validation_runs SET raw_bytes = kept.bytes
FROM (SELECT run_id, sum(octet_length(answer)) AS bytes FROM exhibits GROUP BY run_id) AS kept
WHERE id = run_id;

INSERT INTO evidence_usage (account_id, bytes)
SELECT account_id, sum(raw_bytes) FROM validation_runs JOIN prefixes ON prefixes.id = prefix_id
GROUP BY account_id;

-- An approval rests on passes of the hour before it, a letter on the newest pass of each check.

UPDATE validation_runs AS run SET grounds_of_approval = true
FROM validation_runs AS approving
WHERE approving.result = 'approved' AND run.prefix_id = approving.prefix_id
    AND run.finished_at BETWEEN approving.finished_at - INTERVAL '1 hour' AND approving.finished_at;

UPDATE validation_runs SET grounds_of_letter = true WHERE id IN (
    SELECT DISTINCT ON (letters.reference, check_name) run.id
    FROM letters
        JOIN validation_runs AS run
            ON run.prefix_id = letters.prefix_id AND run.finished_at <= letters.issued_at
        JOIN findings ON run_id = run.id AND outcome = 'passed'
    ORDER BY letters.reference, check_name, findings.at DESC, run.id
);

UPDATE validation_runs AS run SET raw_until = closed_at + INTERVAL '30 days'
FROM prefixes WHERE prefixes.id = prefix_id AND prefixes.state = 'closed' AND NOT grounds_of_letter;

UPDATE validation_runs AS run SET raw_until = now()
FROM (
    SELECT id, row_number() OVER (PARTITION BY prefix_id ORDER BY finished_at DESC, id DESC) AS place
    FROM validation_runs WHERE raw_bytes > 0
) AS placed
WHERE placed.id = run.id AND place > 20 AND raw_until IS NULL
    AND NOT grounds_of_approval AND NOT grounds_of_letter;
