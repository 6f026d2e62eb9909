"""Tables refuse a route that no service answers, and a withdrawal that is in no ledger."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tests.store.rows import (
    ACCOUNT,
    APPROVED,
    CIDR,
    NOW,
    OTHER,
    PREFIX,
    SERVICE,
    Database,
    binding,
    insert,
    prefix,
    refused_by,
    service,
)

BINDING, NESTED, ROUTE, PENDING, GONE = (UUID(int=number) for number in range(10, 15))
ENTRY, ELSEWHERE, ELSEWHERE_BINDING = UUID(int=15), UUID(int=16), UUID(int=17)
LONE = "203.0.112.0/23"


def bgp_prefix(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "prefix_id": ELSEWHERE,
        "prefix_cidr": LONE,
        "cidr": "203.0.112.0/24",
        "asn": 64500,
        "prepend": 0,
        "advertised": False,
        "change": 1,
        "request_id": "request-1",
        "locked": False,
        "created_at": NOW,
        "modified_at": NOW,
    } | changed


def withdrawal(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "bgp_prefix_id": ROUTE,
        "account_id": ACCOUNT,
        "change": 3,
        "source": "request",
        "job": "",
        "run": "",
        "actor": "cli",
        "request_id": "request-1",
        "at": NOW,
    } | changed


UP = {"advertised": True, "advertised_modified_at": NOW, "binding_id": ELSEWHERE_BINDING}
DOWN = {"advertised": False, "advertised_modified_at": NOW}


_ELSEWHERE = {"prefix_id": ELSEWHERE, "prefix_cidr": LONE, "cidr": LONE}
_ROUTE = {**UP, "binding_id": BINDING, "prefix_id": PREFIX, "prefix_cidr": CIDR}
ROWS = [
    ("services", service(id=SERVICE)),
    ("prefixes", prefix(id=PREFIX, cidr=CIDR, **APPROVED)),
    ("prefixes", prefix(id=ELSEWHERE, cidr=LONE, **APPROVED)),
    ("bindings", binding(id=BINDING)),
    ("bindings", binding(id=NESTED, cidr="192.0.2.1/32")),
    ("bindings", binding(id=GONE, removed_at=NOW)),
    ("bindings", binding(id=ELSEWHERE_BINDING, **_ELSEWHERE)),
    ("bgp_prefixes", bgp_prefix(id=ROUTE, **_ROUTE, cidr=CIDR, change=2)),
    ("withdrawals", withdrawal(id=ENTRY)),
]


REFUSED = [
    ("bgp_prefixes", bgp_prefix(**UP | {"binding_id": None}),
     "ck_bgp_prefixes_never_without_binding"),
    ("bgp_prefixes", bgp_prefix(binding_id=ELSEWHERE_BINDING),
     "ck_bgp_prefixes_never_without_binding"),
    ("bgp_prefixes", bgp_prefix(**UP | {"binding_id": uuid4()}), "fk_bgp_prefixes_default_binding"),
    ("bgp_prefixes", bgp_prefix(**UP | {"binding_id": BINDING}), "fk_bgp_prefixes_default_binding"),
    ("bgp_prefixes", bgp_prefix(**UP | {"binding_id": GONE}), "fk_bgp_prefixes_default_binding"),
    ("bgp_prefixes", bgp_prefix(**UP | {"binding_id": NESTED}), "fk_bgp_prefixes_default_binding"),
    ("bgp_prefixes", bgp_prefix(**DOWN), "ck_bgp_prefixes_never_withdrawn_unasked"),
    ("bgp_prefixes", bgp_prefix(**DOWN, withdrawal_id=uuid4()), "fk_bgp_prefixes_withdrawal"),
    ("bgp_prefixes", bgp_prefix(**DOWN, withdrawal_id=ENTRY), "fk_bgp_prefixes_withdrawal"),
    ("bgp_prefixes", bgp_prefix(**UP, withdrawal_id=ENTRY),
     "ck_bgp_prefixes_never_withdrawn_unasked"),
    ("bgp_prefixes", bgp_prefix(**UP | {"advertised_modified_at": None}),
     "ck_bgp_prefixes_announced_at"),
    ("bgp_prefixes", bgp_prefix(**UP, removed_at=NOW), "ck_bgp_prefixes_withdraw_first"),
    ("bgp_prefixes", bgp_prefix(cidr="203.0.114.0/24"), "ck_bgp_prefixes_inside_prefix"),
    ("bgp_prefixes", bgp_prefix(cidr="203.0.112.0/22"), "ck_bgp_prefixes_inside_prefix"),
    ("bgp_prefixes", bgp_prefix(cidr="203.0.112.0/25"), "ck_bgp_prefixes_routed"),
    ("bgp_prefixes", bgp_prefix(prefix_cidr="203.0.112.0/22"), "fk_bgp_prefixes_live_prefix"),
    ("bgp_prefixes", bgp_prefix(prefix_id=uuid4()), "fk_bgp_prefixes_live_prefix"),
    ("bgp_prefixes", bgp_prefix(asn=0), "ck_bgp_prefixes_asn"),
    ("bgp_prefixes", bgp_prefix(prepend=4), "ck_bgp_prefixes_prepend"),
    ("bgp_prefixes", bgp_prefix(prepend=-1), "ck_bgp_prefixes_prepend"),
    ("bgp_prefixes", bgp_prefix(request_id=""), "ck_bgp_prefixes_request_id"),
    ("bgp_prefixes", bgp_prefix(settled=2), "ck_bgp_prefixes_settled"),
    ("bgp_prefixes", bgp_prefix(prefix_id=PREFIX, prefix_cidr=CIDR, cidr=CIDR),
     "uq_bgp_prefixes_live_cidr"),
    ("withdrawals", withdrawal(), "uq_withdrawals_bgp_prefix_id_change"),
    ("withdrawals", withdrawal(request_id="", change=9), "ck_withdrawals_request_id"),
    ("withdrawals", withdrawal(source="cron", change=9), "ck_withdrawals_source"),
    ("withdrawals", withdrawal(bgp_prefix_id=uuid4()), "fk_withdrawals_bgp_prefix_id"),
    ("withdrawals", withdrawal(account_id=uuid4(), change=9), "fk_withdrawals_account_id"),
    ("breaker_trips", {"id": uuid4(), "scope": "region", "subject": "", "why": "", "at": NOW},
     "ck_breaker_trips_scope"),
    ("breaker_trips", {"id": uuid4(), "scope": "global", "subject": "", "why": "", "at": NOW,
     "rearmed_at": NOW}, "ck_breaker_trips_rearmed"),
    ("origin_drifts", {"prefix_id": PREFIX, "cidr": CIDR, "validity": "valid", "snapshot": 1,
     "since": NOW}, "ck_origin_drifts_validity"),
    ("orphan_routes", {"speaker": "a", "cidr": CIDR, "path": "{}", "found_at": NOW,
     "seen_at": NOW, "decision": "withdraw"}, "ck_orphan_routes_decided"),
    ("route_snapshots", {"number": 0, "at": NOW, "routes": "[]"}, "ck_route_snapshots_number"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row", "constraint"), REFUSED, ids=[f"{n}-{c[2]}" for n, c in enumerate(REFUSED)]
)
def test_the_database_refuses(
    database: Database, table: str, row: dict[str, Any], constraint: str
) -> None:
    assert refused_by(database, table, row) == constraint


def test_two_claims_never_answer_for_one_range_nor_want_one_route(database: Database) -> None:
    revoked = {"state": "pending", "approved_at": None, "approved_by": None}
    database.execute(
        "UPDATE prefixes SET state = %(state)s, approved_at = %(approved_at)s, "
        "approved_by = %(approved_by)s WHERE id = %(id)s",
        {**revoked, "id": PREFIX},
    )
    theirs = {"prefix_id": UUID(int=30), "prefix_cidr": CIDR, "cidr": CIDR}
    insert(database, "prefixes", prefix(id=UUID(int=30), account_id=OTHER, cidr=CIDR, **APPROVED))
    with pytest.raises(psycopg.errors.ExclusionViolation) as refused, database.transaction():
        insert(database, "bindings", binding(id=UUID(int=31), **theirs))
    assert refused.value.diag.constraint_name == "ex_bindings_default_overlap"
    # Were that not there, the route itself would still be one claim's.
    database.execute("ALTER TABLE bindings DROP CONSTRAINT ex_bindings_default_overlap")
    insert(database, "bindings", binding(id=UUID(int=31), **theirs))
    with pytest.raises(psycopg.errors.UniqueViolation) as twice:
        insert(database, "bgp_prefixes", bgp_prefix(**UP | {"binding_id": UUID(int=31)} | theirs))
    assert twice.value.diag.constraint_name == "uq_bgp_prefixes_advertised"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        pytest.param("UPDATE bindings SET removed_at = now() WHERE id = %(binding)s",
                     "bindings_withdraw_first", id="the soft delete of the binding"),
        pytest.param("DELETE FROM bindings WHERE id = %(binding)s",
                     "bindings_never_deleted", id="the delete of the binding"),
        pytest.param("UPDATE prefixes SET state = 'closed', closed_at = now() "
                     "WHERE id = %(prefix)s",
                     "prefixes_withdraw_first", id="the end of the claim"),
        pytest.param("UPDATE bgp_prefixes SET advertised = false, binding_id = NULL, change = 3 "
                     "WHERE id = %(route)s",
                     "ck_bgp_prefixes_never_withdrawn_unasked", id="withdrawn without an entry"),
        pytest.param("UPDATE bgp_prefixes SET advertised = false, binding_id = NULL, change = 4, "
                     "withdrawal_id = %(entry)s WHERE id = %(route)s",
                     "fk_bgp_prefixes_withdrawal", id="withdrawn by another change's entry"),
        pytest.param("UPDATE bgp_prefixes SET removed_at = now() WHERE id = %(route)s",
                     "ck_bgp_prefixes_withdraw_first", id="ended while advertised"),
        pytest.param("UPDATE bgp_prefixes SET binding_id = %(nested)s WHERE id = %(route)s",
                     "fk_bgp_prefixes_default_binding", id="moved to a nested binding"),
    ],
)  # fmt: skip
def test_nothing_goes_from_under_an_advertised_route(
    database: Database, statement: str, constraint: str
) -> None:
    with pytest.raises(psycopg.IntegrityError) as refused:
        run(database, statement)
    assert refused.value.diag.constraint_name == constraint


def test_the_foreign_keys_alone_would_hold_the_binding_and_the_claim(database: Database) -> None:
    database.execute("ALTER TABLE bindings DISABLE TRIGGER bindings_withdraw_first")
    database.execute("ALTER TABLE prefixes DISABLE TRIGGER prefixes_withdraw_first")
    with pytest.raises(psycopg.IntegrityError) as refused, database.transaction():
        run(database, "UPDATE bindings SET removed_at = now() WHERE id = %(binding)s")
    assert refused.value.diag.constraint_name == "fk_bgp_prefixes_default_binding"
    closed = "UPDATE prefixes SET state = 'closed', closed_at = now() WHERE id = %(prefix)s"
    with pytest.raises(psycopg.IntegrityError) as refused:
        run(database, closed)
    assert refused.value.diag.constraint_name == "fk_bindings_live_prefix"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM bgp_prefixes WHERE id = %(route)s",
        "TRUNCATE bgp_prefixes CASCADE",
        "DELETE FROM withdrawals WHERE id = %(entry)s",
        "UPDATE withdrawals SET actor = 'nobody' WHERE id = %(entry)s",
        "TRUNCATE withdrawals CASCADE",
        "UPDATE bgp_prefixes SET cidr = '192.0.2.0/24', asn = 64501 WHERE id = %(route)s",
        "UPDATE bgp_prefixes SET change = 1 WHERE id = %(route)s",
        "UPDATE bgp_prefixes SET advertised = false, binding_id = NULL WHERE id = %(route)s",
    ],
)
def test_rows_stay_and_every_change_has_a_number(database: Database, statement: str) -> None:
    with pytest.raises(
        psycopg.DatabaseError, match=r"never|only ever|not deleted|number of its own"
    ):
        run(database, statement)


def test_a_withdrawal_with_its_entry_is_taken_and_then_the_binding_may_go(
    database: Database,
) -> None:
    run(
        database,
        "UPDATE bgp_prefixes SET advertised = false, binding_id = NULL, change = 3, "
        "withdrawal_id = %(entry)s WHERE id = %(route)s",
    )
    run(database, "UPDATE bindings SET removed_at = now() WHERE id = %(binding)s")
    run(database, "UPDATE bgp_prefixes SET removed_at = now() WHERE id = %(route)s")


def run(database: Database, statement: str) -> None:
    asked = {"binding": BINDING, "nested": NESTED, "prefix": PREFIX, "route": ROUTE, "entry": ENTRY}
    database.execute(sql.SQL(statement), asked)
