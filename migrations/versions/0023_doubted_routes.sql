-- A route of which a process remembers a newer change: being seen up does not release it.

ALTER TABLE unreleased_routes ADD COLUMN doubted BOOLEAN DEFAULT false NOT NULL;
