"""A database full of prefixes, as rows: a thousand an account, a tenth of them approved."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from uuid import UUID

import psycopg
from benchmarks.customers import Customer

AN_ACCOUNT = 1000

# Even numbers are IPv4 /24 from 20.0.0.0 on, odd ones IPv6 /48 from 2410:: on: all different.
_FILL = (
    """
    INSERT INTO accounts (id, name, prefix_quota, created_at)
    SELECT md5('account' || n)::uuid, 'account ' || n, 1000, now()
    FROM generate_series(%(first)s::int / 1000, (%(after)s::int - 1) / 1000) AS n
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO credentials (id, account_id, name, token_sha256, scopes, created_at, last_used_at)
    SELECT md5('credential' || n)::uuid, md5('account' || n)::uuid, 'bench',
        sha256(('token' || n)::bytea), '{prefixes:read,prefixes:write}', now(), now()
    FROM generate_series(%(first)s::int / 1000, (%(after)s::int - 1) / 1000) AS n
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO prefixes (id, account_id, cidr, asn, description, delegate_loa_creation,
        created_at, modified_at, state, standing, irr_state, irr_passed_at, rpki_state,
        rpki_passed_at, ownership_state, ownership_passed_at, findings, irr_waived,
        other_origins, approved_at, approved_by, version)
    SELECT md5('prefix' || n)::uuid, md5('account' || n / 1000)::uuid,
        CASE n %% 2 WHEN 0 THEN set_masklen('20.0.0.0'::inet + n / 2 * 256, 24)::cidr
            ELSE format('24%%s:%%s::/48', to_hex(16 + n / 65536), to_hex(n %% 65536))::cidr END,
        64500, 'bench', false, now(), now(), CASE WHEN yes THEN 'approved' ELSE 'pending' END,
        'ok', seen, passed, seen, passed, seen, passed, '{}', false, '[]', passed,
        CASE WHEN yes THEN 'checks' END, 1
    FROM generate_series(%(first)s::bigint, %(after)s::bigint - 1) AS n,
        LATERAL (SELECT n %% 10 = 0 AS yes) AS approved,
        LATERAL (SELECT CASE WHEN yes THEN 'valid' ELSE 'pending' END AS seen,
            CASE WHEN yes THEN now() END AS passed) AS checked
    """,
    """
    INSERT INTO watch_turns (prefix_id, approved_at, due_at, answered_at)
    SELECT md5('prefix' || n)::uuid, now(), now() + interval '1 day', now()
    FROM generate_series(%(first)s::bigint, %(after)s::bigint - 1) AS n WHERE n %% 10 = 0
    """,
    """
    INSERT INTO prefix_watches (prefix_id, signal, looked_at, good_at, heard, level, seen, doubt,
        baseline, found)
    SELECT md5('prefix' || n)::uuid, 'holder', now(), now(), 1, 'none', '', '', '', ''
    FROM generate_series(%(first)s::bigint, %(after)s::bigint - 1) AS n WHERE n %% 10 = 0
    """,
    """
    INSERT INTO validation_tokens
        (id, prefix_id, method, value, created_at, expires_at, consumed_at)
    SELECT md5('token' || n)::uuid, md5('prefix' || n)::uuid, 'any', md5('value' || n),
        now(), now() + interval '7 days', CASE WHEN n %% 10 = 0 THEN now() END
    FROM generate_series(%(first)s::bigint, %(after)s::bigint - 1) AS n
    """,
    """
    INSERT INTO events
        (prefix_id, number, account_id, account_number, kind, actor, request_id, at, before, after)
    SELECT md5('prefix' || n)::uuid, 1, md5('account' || n / 1000)::uuid, n %% 1000 + 1,
        'prefix.submitted', 'bench', 'bench', now(), '{}', '{"cidr": "192.0.2.0/24"}'
    FROM generate_series(%(first)s::bigint, %(after)s::bigint - 1) AS n
    """,
    """
    INSERT INTO event_counters (prefix_id, last)
    SELECT md5('prefix' || n)::uuid, 1
    FROM generate_series(%(first)s::bigint, %(after)s::bigint - 1) AS n
    """,
    """
    INSERT INTO account_event_counters (account_id, last)
    SELECT md5('account' || n)::uuid, 1000
    FROM generate_series(%(first)s::int / 1000, (%(after)s::int - 1) / 1000) AS n
    ON CONFLICT DO NOTHING
    """,
)


def fill(database_url: str, first: int, after: int) -> None:
    """Add the prefixes from one number to another, whole accounts."""
    middle = (first + after) // 2 // AN_ACCOUNT * AN_ACCOUNT
    parts = [part for part in ((first, middle), (middle, after)) if part[0] < part[1]]
    with ThreadPoolExecutor() as threads:  # the exclusion constraints take most of the time
        list(threads.map(lambda part: _fill(database_url, *part), parts))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _fill(database_url: str, first: int, after: int) -> None:
    with psycopg.connect(database_url) as connection:
        # What is filled in is right by construction; foreign keys are not asked a million times.
        connection.execute("SET session_replication_role = replica")
        for statement in _FILL:
            connection.execute(statement.encode(), {"first": first, "after": after})


def owner_of(number: int) -> Customer:
    """Who holds that prefix."""
    account = number // AN_ACCOUNT
    return Customer(_id(f"account{account}"), f"token{account}")


def id_of(number: int) -> UUID:
    """The id of that prefix."""
    return _id(f"prefix{number}")


def _id(text: str) -> UUID:
    return UUID(md5(text.encode(), usedforsecurity=False).hexdigest())
