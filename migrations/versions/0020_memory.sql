-- With this key a process signs what it keeps on disk of the database.
ALTER TABLE witnesses ADD COLUMN key BYTEA;
