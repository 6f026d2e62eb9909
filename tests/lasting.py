"""A database that lasts: each test finds it as the migrations left it, for 5 ms and not 50.

It is for tests that write rows. A test that changes tables, or looks at what a fresh database
holds, takes a clone of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.databases import fresh_database

# What the template holds is kept beside it; foreign keys and triggers that refuse to delete
# history are passed over as a replica does.
_KEEP = """
CREATE SCHEMA pristine;
CREATE VIEW pristine.tables AS
    SELECT oid, oid::regclass AS name, relname::text AS plain FROM pg_class
    WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'procrastinate'::regnamespace);
CREATE TABLE pristine.known AS SELECT oid FROM pristine.tables;
CREATE TABLE pristine.sequences AS
    SELECT format('%I.%I', schemaname, sequencename)::regclass AS name,
        coalesce(last_value, start_value) AS value, last_value IS NOT NULL AS used
    FROM pg_sequences;
CREATE FUNCTION pristine.holds(regclass, OUT filled boolean) LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('SELECT EXISTS (SELECT FROM %s)', $1) INTO filled; END $$;
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT * FROM pristine.tables WHERE pristine.holds(name) LOOP
        EXECUTE format('CREATE TABLE pristine.%I AS TABLE %s', 'of ' || one.plain, one.name);
    END LOOP;
END $$;
CREATE FUNCTION pristine.restore() RETURNS void LANGUAGE plpgsql
SET session_replication_role = replica AS $$ DECLARE one record; BEGIN
    FOR one IN SELECT * FROM pristine.tables LOOP
        IF one.oid NOT IN (SELECT oid FROM pristine.known) THEN
            EXECUTE format('DROP TABLE %s', one.name);  -- a partition, made by a snapshot
            CONTINUE;
        END IF;
        IF pristine.holds(one.name) THEN EXECUTE format('DELETE FROM %s', one.name); END IF;
        IF to_regclass(format('pristine.%I', 'of ' || one.plain)) IS NOT NULL THEN
            EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE pristine.%I',
                one.name, 'of ' || one.plain);
        END IF;
    END LOOP;
    PERFORM setval(name, value, used) FROM pristine.sequences;
END $$;
"""


@contextmanager
def lasting_database(server_url: str, template: str) -> Iterator[str]:
    """Its URL, to be brought back by `restore`."""
    with fresh_database(server_url, template=template) as url:
        with psycopg.connect(url) as connection:
            connection.execute(_KEEP)
        yield url


def restore(url: str) -> None:
    """Bring every table and sequence back to what the template holds."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pristine.restore()")
