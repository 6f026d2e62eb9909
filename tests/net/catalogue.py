"""What Postgres' catalogues say of a database: one fact a row."""

from collections.abc import Iterator
from typing import Final, LiteralString

import psycopg

OURS: Final = "public"
QUEUE: Final = "procrastinate"

# Objects that came with an extension are its own business; it is named itself.
_NOT_EXTENSIONS: Final = """
    NOT EXISTS (SELECT FROM pg_depend
                WHERE pg_depend.objid = thing.oid AND pg_depend.deptype = 'e')
"""

_QUERIES: Final[tuple[LiteralString, ...]] = (
    # tables, views and sequences
    """
    SELECT concat_ws(' ', 'relation', thing.relname,
        CASE thing.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned by '
            || pg_get_partkeydef(thing.oid) WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            WHEN 'S' THEN 'sequence' ELSE thing.relkind::text END,
        CASE thing.relpersistence WHEN 'u' THEN 'unlogged' END, thing.reloptions::text,
        CASE WHEN thing.relispartition
            THEN pg_get_expr(thing.relpartbound, thing.oid) END, thing.relacl::text)
    FROM pg_class AS thing
    WHERE thing.relnamespace = %(schema)s::regnamespace
        AND thing.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        AND __NOT_EXTENSIONS__
    """,
    # columns, in their order
    """
    SELECT concat_ws(' ', 'column', pg_class.relname || '.' || attname,
        format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
        CASE attidentity WHEN '' THEN NULL ELSE 'identity ' || attidentity::text END,
        CASE attgenerated WHEN '' THEN 'default ' WHEN 's' THEN 'stored ' ELSE 'virtual ' END
            || pg_get_expr(adbin, adrelid),
        CASE WHEN attcollation NOT IN (0, 'pg_catalog."default"'::regcollation)
            THEN 'collate ' || attcollation::regcollation END,
        attoptions::text)
    FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        AND attnum > 0 AND NOT attisdropped
    """,
    """
    SELECT concat_ws(' ', 'columns of', relname, 'in this order:',
        string_agg(attname, ' ' ORDER BY attnum))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        AND attnum > 0 AND NOT attisdropped
    GROUP BY relname
    """,
    """
    SELECT concat_ws(' ', 'constraint', conrelid::regclass::text, conname,
        pg_get_constraintdef(oid), CASE WHEN NOT convalidated THEN 'not valid' END)
    FROM pg_constraint
    WHERE connamespace = %(schema)s::regnamespace AND contype <> 'n'  -- the columns say it
    """,
    """
    SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid),
        CASE WHEN NOT indisvalid THEN 'not valid' END)
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = %(schema)s::regnamespace
    """,
    """
    SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(pg_trigger.oid), tgenabled::text)
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = %(schema)s::regnamespace AND NOT tgisinternal
    """,
    """
    SELECT concat_ws(' ', 'function', pg_get_functiondef(thing.oid), thing.proacl::text)
    FROM pg_proc AS thing
    WHERE thing.pronamespace = %(schema)s::regnamespace AND thing.prokind IN ('f', 'p')
        AND __NOT_EXTENSIONS__
    """,
    """
    SELECT concat_ws(' ', 'type', typname, string_agg(enumlabel, ' | ' ORDER BY enumsortorder))
    FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid
    WHERE typnamespace = %(schema)s::regnamespace GROUP BY typname
    """,
    """
    SELECT concat_ws(' ', 'type', thing.typname, format_type(thing.typbasetype, thing.typtypmod),
        thing.typdefault)
    FROM pg_type AS thing
    WHERE thing.typnamespace = %(schema)s::regnamespace AND thing.typtype IN ('d', 'r')
        AND __NOT_EXTENSIONS__
    """,
    """
    SELECT concat_ws(' ', 'view', viewname, definition) FROM pg_views WHERE schemaname = %(schema)s
    """,
    """
    SELECT concat_ws(' ', 'rule', pg_get_ruledef(pg_rewrite.oid))
    FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
    WHERE relnamespace = %(schema)s::regnamespace AND rulename <> '_RETURN'
    """,
    """
    SELECT concat_ws(' ', 'sequence', sequencename, data_type::text, start_value::text,
        increment_by::text, cycle::text)
    FROM pg_sequences WHERE schemaname = %(schema)s
    """,
)
_WHOLE: Final[tuple[LiteralString, ...]] = (
    "SELECT 'extension ' || extname || ' in ' || extnamespace::regnamespace FROM pg_extension",
    """
    SELECT 'schema ' || nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
    """,
    "SELECT 'revision ' || version_num FROM public.alembic_version",
)


def schema_facts(connection: psycopg.Connection, schema: str) -> Iterator[str]:
    """Everything in a schema, as Postgres itself would define it."""
    for query in _QUERIES:
        statement = query.replace("__NOT_EXTENSIONS__", _NOT_EXTENSIONS)
        for (fact,) in connection.execute(statement, {"schema": schema}):
            yield one_line(fact)


def whole_facts(connection: psycopg.Connection) -> Iterator[str]:
    for query in _WHOLE:
        yield from (one_line(fact) for (fact,) in connection.execute(query))


def one_line(fact: str) -> str:
    """Line breaks shown; nothing else is changed, for definitions are frozen byte for byte."""
    return fact.rstrip("\n").replace("\\", "\\\\").replace("\n", "\\n")
