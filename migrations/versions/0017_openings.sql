-- A speaker without a record is opened by an operator; with one, by itself when nothing is missing.

CREATE TABLE speaker_records (
    speaker TEXT NOT NULL,
    up_at TIMESTAMP WITH TIME ZONE,
    restart_seconds INTEGER DEFAULT 0 NOT NULL,
    order_number BIGINT DEFAULT 0 NOT NULL,
    ordered_by TEXT,
    CONSTRAINT pk_speaker_records PRIMARY KEY (speaker),
    CONSTRAINT ck_speaker_records_restart CHECK (restart_seconds >= 0)
);
CREATE TABLE held_routes (
    speaker TEXT NOT NULL,
    cidr CIDR NOT NULL,
    CONSTRAINT pk_held_routes PRIMARY KEY (speaker, cidr)
);

-- Speakers that an older version has loaded are known.
INSERT INTO speaker_records (speaker, up_at)
    SELECT name, asked_at FROM speakers WHERE loaded_at IS NOT NULL
    UNION
    SELECT DISTINCT a.speaker, s.asked_at FROM applied_routes a
    LEFT JOIN speakers s ON s.name = a.speaker WHERE a.advertised;
INSERT INTO held_routes (speaker, cidr)
    SELECT a.speaker, b.cidr FROM applied_routes a JOIN bgp_prefixes b ON b.id = a.bgp_prefix_id
    WHERE a.advertised AND b.advertised
    UNION
    SELECT speaker, cidr FROM orphan_routes WHERE speaker IN (SELECT speaker FROM speaker_records);

ALTER TABLE orphan_routes ADD COLUMN gone_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE orphan_routes ADD COLUMN unknown BOOLEAN DEFAULT false NOT NULL;

CREATE TRIGGER speaker_records_by_lease BEFORE INSERT OR UPDATE OR DELETE ON speaker_records
    EXECUTE FUNCTION refuse_past_lease();
CREATE TRIGGER held_routes_by_lease BEFORE INSERT OR UPDATE OR DELETE ON held_routes
    EXECUTE FUNCTION refuse_past_lease();
