-- The country of registered space says which national registry has it, if any does.

ALTER TABLE registered_ranges ADD COLUMN country TEXT DEFAULT '' NOT NULL;

-- The files that are loaded know it, their rows do not: fetch them again.

DELETE FROM fetch_marks WHERE sha256 IN (SELECT sha256 FROM registration_snapshots);

-- A check that an operator waives for one prefix, with a reason and an end.

CREATE TABLE check_waivers (
    id UUID NOT NULL,
    prefix_id UUID NOT NULL,
    check_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_because TEXT,
    live BOOLEAN GENERATED ALWAYS AS (ended_at IS NULL) STORED NOT NULL,
    CONSTRAINT pk_check_waivers PRIMARY KEY (id),
    CONSTRAINT fk_check_waivers_prefix_id FOREIGN KEY(prefix_id) REFERENCES prefixes (id) ON DELETE RESTRICT,
    CONSTRAINT ck_check_waivers_check_name CHECK (check_name IN ('irr', 'rpki')),
    CONSTRAINT ck_check_waivers_ended_because CHECK (ended_because IN ('operator', 'expired', 'roa')),
    CONSTRAINT ck_check_waivers_ended CHECK ((ended_at IS NULL) = (ended_because IS NULL)),
    CONSTRAINT ck_check_waivers_end CHECK (expires_at > created_at)
);

CREATE UNIQUE INDEX uq_check_waivers_live ON check_waivers (prefix_id, check_name) WHERE live;
