"""A database that lasts: each test finds it as the migrations left it, for 3 ms and not 50.

It is for tests that write rows. A test that changes tables, or looks at what a fresh database
holds, takes a clone of its own (`cloned_url`): what changes tables is refused here, as it would
be there for the next test.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests.databases import fresh_database

# What the template holds is kept beside it; foreign keys and triggers that refuse to delete
# history are passed over as a replica does. The statements stand in the function word for word,
# so that its connection keeps their plans.
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
CREATE TABLE pristine.functions AS
    SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace;
CREATE FUNCTION pristine.drop_what_is_new() RETURNS void LANGUAGE plpgsql AS $$
DECLARE made text; BEGIN
    FOR made IN SELECT name FROM pristine.tables WHERE oid NOT IN (SELECT oid FROM pristine.known)
    LOOP EXECUTE format('DROP TABLE %s', made); END LOOP; -- a partition, by a snapshot
    FOR made IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND oid NOT IN (SELECT oid FROM pristine.functions)
    LOOP EXECUTE format('DROP FUNCTION %s CASCADE', made); END LOOP; -- with a test's trigger
END $$;
DO $$ DECLARE one record; filled boolean; statements text = ''; BEGIN
    FOR one IN SELECT * FROM pristine.tables LOOP
        statements = statements || format(
            'IF EXISTS (SELECT FROM %s) THEN DELETE FROM %1$s; END IF;', one.name);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one.name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE pristine.%I AS TABLE %s', 'of ' || one.plain, one.name);
            statements = statements || format(
                'INSERT INTO %s OVERRIDING SYSTEM VALUE TABLE pristine.%I;',
                one.name, 'of ' || one.plain);
        END IF;
    END LOOP;
    EXECUTE format('CREATE FUNCTION pristine.restore() RETURNS void LANGUAGE plpgsql
        SET session_replication_role = replica AS %L', 'BEGIN
            PERFORM pristine.drop_what_is_new();' || statements || '
            PERFORM setval(name, value, used) FROM pristine.sequences;
        END');
END $$;
CREATE FUNCTION pristine.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE changed text; BEGIN
    SELECT object_identity INTO changed FROM pg_event_trigger_ddl_commands()
    WHERE schema_name IN ('public', 'procrastinate')
        AND object_identity !~ 'vrps|registered_ranges'; -- which snapshots part
    IF FOUND THEN
        RAISE 'other tests use this database: who changes % takes cloned_url', changed;
    END IF;
END $$;
CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE INDEX')
    EXECUTE FUNCTION pristine.refuse();
"""

_RESTORE = "SELECT pristine.restore()"


@dataclass
class Lasting:
    """The database, and a connection that brings it back."""

    url: str
    connection: psycopg.Connection

    def restore(self) -> None:
        """Bring every table and sequence back to what the template holds."""
        try:
            self.connection.execute(_RESTORE)
        except psycopg.OperationalError:  # the last test has cut all connections
            self.connection.close()
            self.connection = psycopg.connect(self.url, autocommit=True)
            self.connection.execute(_RESTORE)


@contextmanager
def lasting_database(server_url: str, template: str) -> Iterator[Lasting]:
    """One that is there as long as the server."""
    with fresh_database(server_url, template=template) as url:
        made = Lasting(url, psycopg.connect(url, autocommit=True))
        made.connection.execute(_KEEP)
        yield made
        made.connection.close()
