-- What a process misses in a promoted database, and whether that is all that can be missing.
ALTER TABLE witnesses
    ADD COLUMN routes UUID[] DEFAULT '{}' NOT NULL,
    ADD COLUMN claims UUID[] DEFAULT '{}' NOT NULL,
    ADD COLUMN bounded BOOLEAN DEFAULT false NOT NULL;
