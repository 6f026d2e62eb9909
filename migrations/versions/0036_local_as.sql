-- The AS of a speaker: routes of customers' own AS numbers are announced by those in one AS only. A
-- process of the version before notes none, and then any speaker counts as one of those.

ALTER TABLE speakers ADD COLUMN local_as BIGINT;
