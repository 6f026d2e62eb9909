"""Which prefix holds an address is found by looks into an index, as many as there are lengths."""

from ipaddress import ip_address, ip_network
from typing import Any

import psycopg

from byoip.domain.address import prefixes_around
from byoip.store.accounts import operator_reader_sql as reading

MANY = 20_000  # of 200 accounts
# Pages: one more level of an index as it grows, and one page. Before Postgres 17 of each of the 17
# lengths: it looks for one after the other. By the index that keeps an account's own prefixes from
# overlapping they were 203, since there accounts come first.
ADDED = 2 * 17
FILL = """
    INSERT INTO accounts (id, name, prefix_quota, created_at)
    SELECT md5('account' || n)::uuid, 'account ' || n, 1000, now()
    FROM generate_series(0, 199) AS n ON CONFLICT DO NOTHING;
    INSERT INTO prefixes (id, account_id, cidr, asn, description, delegate_loa_creation,
        created_at, modified_at, state, standing, irr_state, rpki_state, ownership_state, findings,
        irr_waived, other_origins, version)
    SELECT md5('prefix' || n)::uuid, md5('account' || n % 200)::uuid,
        set_masklen('20.0.0.0'::inet + n * 256, 24)::cidr, 64500, '', false, now(), now(),
        'pending', 'ok', 'pending', 'pending', 'pending', '{}', false, '[]', 1
    FROM generate_series({first}, {last}) AS n
"""


def pages(connection: psycopg.Connection[Any], address: str) -> int:
    """Pages that are read to find who holds it, once it is known where to look."""
    wanted = ip_address(address)
    asked = {
        **reading.HOLDINGS.values,
        "address": wanted,
        "around": prefixes_around(wanted),
    }
    explained = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, TIMING OFF) %b" % reading.HOLDINGS.text
    row = connection.execute(explained, asked).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def fill(connection: psycopg.Connection[Any], first: int, last: int) -> None:
    connection.execute("SET session_replication_role = replica")
    for one in FILL.replace("{first}", str(first)).replace("{last}", str(last)).split(";"):
        connection.execute(one.encode())
    connection.execute("VACUUM ANALYZE")


def test_a_full_table_costs_no_more_than_a_small_one(cloned_url: str) -> None:
    with psycopg.connect(cloned_url, autocommit=True) as connection:
        fill(connection, 0, 199)
        few = pages(connection, "20.0.7.1"), pages(connection, "20.0.7.1")
        fill(connection, 200, MANY - 1)
        many = pages(connection, "20.0.7.1"), pages(connection, "20.0.7.1")
    assert many[1] <= few[1] + ADDED, (few, many)


def test_all_lengths_that_may_be_brought_are_looked_for() -> None:
    found = prefixes_around(ip_address("198.51.100.7"))
    assert (found[0], found[-1]) == (ip_network("198.0.0.0/8"), ip_network("198.51.100.0/24"))
    assert [one.prefixlen for one in found] == list(range(8, 25))
    found = prefixes_around(ip_address("2001:db8::1"))
    assert [one.prefixlen for one in found] == list(range(16, 49))
