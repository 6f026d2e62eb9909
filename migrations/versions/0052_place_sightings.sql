-- What operators are shown of perspectives; nothing is decided by it. A process of the version
-- before writes none of it: what it asks places about is not shown.

CREATE TABLE places_asked (
    place TEXT NOT NULL,
    region TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    silent_since TIMESTAMP WITH TIME ZONE,
    said TEXT NOT NULL,
    fault TEXT NOT NULL,
    CONSTRAINT pk_places_asked PRIMARY KEY (place),
    CONSTRAINT ck_places_asked_either CHECK (answered_at IS NOT NULL OR silent_since IS NOT NULL)
);

-- Of one thing about one prefix or AS number, as long as not all places agree about it; pruned as
-- it is written.
CREATE TABLE place_sightings (
    place TEXT NOT NULL,
    about UUID NOT NULL,
    what TEXT NOT NULL,
    region TEXT NOT NULL,
    subject TEXT NOT NULL,
    ended TEXT NOT NULL,
    seen TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_place_sightings PRIMARY KEY (place, about, what),
    CONSTRAINT ck_place_sightings_ended CHECK (ended IN ('agrees', 'contradicts', 'silent'))
);
CREATE INDEX ix_place_sightings_about ON place_sightings (about, what);
CREATE INDEX ix_place_sightings_at ON place_sightings (at);
