-- What people have taken out of service: a speaker, a neighbour of it, or a stage.

CREATE TABLE speaker_drains (
    id UUID NOT NULL,
    speaker TEXT,
    neighbour TEXT,
    stage SMALLINT,
    by_hand BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    wait_seconds INTEGER NOT NULL,
    loses INTEGER NOT NULL,
    announced_at TIMESTAMP WITH TIME ZONE,
    down_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by TEXT,
    undone_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_speaker_drains PRIMARY KEY (id),
    CONSTRAINT ck_speaker_drains_target CHECK (num_nonnulls(speaker, stage) = 1),
    CONSTRAINT ck_speaker_drains_neighbour CHECK (neighbour IS NULL OR speaker IS NOT NULL),
    CONSTRAINT ck_speaker_drains_by_hand
        CHECK (CASE WHEN by_hand THEN num_nonnulls(neighbour, down_at) = 2 ELSE until IS NOT NULL END),
    CONSTRAINT ck_speaker_drains_numbers CHECK (wait_seconds >= 0 AND loses >= 0),
    CONSTRAINT ck_speaker_drains_down CHECK (down_at IS NULL OR announced_at IS NOT NULL),
    CONSTRAINT ck_speaker_drains_ended CHECK (num_nulls(ended_at, ended_by) IN (0, 2)),
    CONSTRAINT ck_speaker_drains_undone CHECK (undone_at IS NULL OR ended_at IS NOT NULL)
);
-- Of one target one stands.
CREATE UNIQUE INDEX uq_speaker_drains_live
    ON speaker_drains (speaker, neighbour, stage) NULLS NOT DISTINCT WHERE ended_at IS NULL;

CREATE TRIGGER speaker_drains_by_lease BEFORE INSERT OR UPDATE OR DELETE ON speaker_drains
    EXECUTE FUNCTION refuse_past_lease();

-- Each neighbour by address, and whether there is a session with it; since when all are kept down.
ALTER TABLE speakers ADD COLUMN sessions JSONB DEFAULT '{}' NOT NULL;
ALTER TABLE speakers ADD COLUMN drained_at TIMESTAMP WITH TIME ZONE;
