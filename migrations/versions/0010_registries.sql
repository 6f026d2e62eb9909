-- The country of registered space says which national registry has it, if any does.

ALTER TABLE registered_ranges ADD COLUMN country TEXT DEFAULT '' NOT NULL;

-- The files that are loaded know it, their rows do not: fetch them again.

DELETE FROM fetch_marks WHERE sha256 IN (SELECT sha256 FROM registration_snapshots);
