-- Which process compares what a speaker holds with what is recorded: one for each speaker. It reads,
-- and tells no speaker anything. A worker of the version before knows nothing of it.

CREATE TABLE speaker_comparisons (
    speaker TEXT NOT NULL,
    number BIGINT NOT NULL,
    holder UUID,
    process TEXT NOT NULL,
    beat BIGINT NOT NULL,
    compared BIGINT NOT NULL,
    differs BIGINT NOT NULL,
    CONSTRAINT pk_speaker_comparisons PRIMARY KEY (speaker)
);
