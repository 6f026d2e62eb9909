-- Settings of speakers as numbered revisions, which all workers use, and what their files propose.

CREATE TABLE speaker_revisions (
    number BIGINT NOT NULL,
    digest TEXT NOT NULL,
    speakers JSONB NOT NULL,
    state TEXT NOT NULL,
    in_doubt BOOLEAN DEFAULT false NOT NULL,
    opened SMALLINT,
    noted JSONB,
    proposed_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    said TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_speaker_revisions PRIMARY KEY (number),
    CONSTRAINT ck_speaker_revisions_number CHECK (number >= 1),
    CONSTRAINT ck_speaker_revisions_state
        CHECK (state IN ('travelling', 'in_force', 'replaced', 'taken_back')),
    CONSTRAINT ck_speaker_revisions_travels
        CHECK (state = 'travelling' OR num_nulls(opened, noted) = 2)
);
-- One is in force, and no more than one is on its way.
CREATE UNIQUE INDEX uq_speaker_revisions_live ON speaker_revisions (state)
    WHERE state IN ('travelling', 'in_force');

CREATE TABLE speaker_proposals (
    process UUID NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    speakers JSONB NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_speaker_proposals PRIMARY KEY (process)
);

-- Its own AS, where a neighbour of it is in that AS, whatever its prepends.
ALTER TABLE speakers ADD COLUMN internal_as BIGINT;

CREATE TRIGGER speaker_revisions_by_lease BEFORE INSERT OR UPDATE OR DELETE ON speaker_revisions
    EXECUTE FUNCTION refuse_past_lease();
