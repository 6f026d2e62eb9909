-- What operators change has a version, as prefixes have: so that a change may say what it is based on.

ALTER TABLE accounts ADD COLUMN version INTEGER DEFAULT 1 NOT NULL;

ALTER TABLE services ADD COLUMN version INTEGER DEFAULT 1 NOT NULL;
