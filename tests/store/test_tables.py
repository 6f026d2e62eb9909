"""What must never happen, the database itself refuses: no code of ours is in the way here."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.store import rows

ROWS = [
    ("credentials", rows.credential(id=rows.CREDENTIAL, token_sha256=b"1" * 32)),
    ("services", rows.service(id=rows.SERVICE)),
    ("prefixes", rows.prefix(id=rows.PREFIX, cidr=rows.CIDR, **rows.APPROVED)),
    ("validation_tokens", rows.token(value="a" * 32)),
    ("bindings", rows.binding()),
    ("validation_runs", rows.run(id=rows.RUN)),
    ("events", rows.event()),
]


REFUSED = [
    ("prefixes", rows.prefix(account_id=rows.OTHER, cidr="192.0.0.0/16", **rows.APPROVED),
     "ex_prefixes_approved_overlap"),
    ("prefixes", rows.prefix(account_id=rows.OTHER, cidr=rows.CIDR, **rows.APPROVED), "ex_prefixes_approved_overlap"),
    ("prefixes", rows.prefix(cidr="192.0.2.0/24"), "ex_prefixes_own_overlap"),
    ("prefixes", rows.prefix(cidr="192.0.0.0/8"), "ex_prefixes_own_overlap"),
    ("prefixes", rows.prefix(account_id=uuid4()), "fk_prefixes_account_id"),
    ("prefixes", rows.prefix(cidr="198.51.100.0/25"), "ck_prefixes_length"),
    ("prefixes", rows.prefix(cidr="198.0.0.0/7"), "ck_prefixes_length"),
    ("prefixes", rows.prefix(cidr="2001:db8::/49"), "ck_prefixes_length"),
    ("prefixes", rows.prefix(cidr="2000::/15"), "ck_prefixes_length"),
    ("prefixes", rows.prefix(asn=0), "ck_prefixes_asn"),
    ("prefixes", rows.prefix(asn=2**32), "ck_prefixes_asn"),
    ("prefixes", rows.prefix(state="offboarded"), "ck_prefixes_state"),
    ("prefixes", rows.prefix(standing="fine"), "ck_prefixes_standing"),
    ("prefixes", rows.prefix(irr_state="V"), "ck_prefixes_irr_state"),
    ("prefixes", rows.prefix(irr_state="valid"), "ck_prefixes_irr_passed"),
    ("prefixes", rows.prefix(rpki_state="valid"), "ck_prefixes_rpki_passed"),
    ("prefixes", rows.prefix(ownership_state="valid"), "ck_prefixes_ownership_passed"),
    ("prefixes", rows.prefix(**rows.APPROVED | {"approved_at": None}), "ck_prefixes_approved_at"),
    ("prefixes", rows.prefix(approved_at=rows.NOW), "ck_prefixes_approved_at"),
    ("prefixes", rows.prefix(**rows.APPROVED | {"ownership_state": "missing"}),
     "ck_prefixes_approved_is_proven"),
    ("prefixes", rows.prefix(state="closed"), "ck_prefixes_closed_at"),
    ("prefixes", rows.prefix(closed_at=rows.NOW), "ck_prefixes_closed_at"),
    ("prefixes", rows.prefix(version=0), "ck_prefixes_version"),
    ("validation_tokens", rows.token(), "uq_validation_tokens_live"),
    ("validation_tokens", rows.token(value="a" * 32, revoked_at=rows.NOW), "uq_validation_tokens_value"),
    ("validation_tokens", rows.token(value="short", revoked_at=rows.NOW), "ck_validation_tokens_value"),
    ("validation_tokens", rows.token(expires_at=rows.NOW, revoked_at=rows.NOW), "ck_validation_tokens_lifetime"),
    ("validation_tokens", rows.token(expires_at=rows.NOW + timedelta(days=30, seconds=1), revoked_at=rows.NOW),
     "ck_validation_tokens_lifetime"),
    ("validation_tokens", rows.token(consumed_at=rows.NOW, revoked_at=rows.NOW), "ck_validation_tokens_one_end"),
    ("validation_tokens", rows.token(method="dns", revoked_at=rows.NOW), "ck_validation_tokens_method"),
    ("validation_tokens", rows.token(prefix_id=uuid4()), "fk_validation_tokens_prefix_id"),
    ("bindings", rows.binding(), "uq_bindings_live_cidr"),
    ("bindings", rows.binding(cidr="192.0.3.0/24"), "ck_bindings_inside_prefix"),
    ("bindings", rows.binding(cidr="192.0.0.0/16"), "ck_bindings_inside_prefix"),
    ("bindings", rows.binding(prefix_cidr="192.0.0.0/16", cidr="192.0.3.0/24"),
     "fk_bindings_live_prefix"),
    ("bindings", rows.binding(cidr="192.0.2.1/32", service_id=uuid4()), "fk_bindings_service_id"),
    ("bindings", rows.binding(cidr="192.0.2.1/32", state="on"), "ck_bindings_state"),
    ("validation_runs", rows.run(), "uq_validation_runs_open"),
    ("validation_runs", rows.run(**rows.RUNNING), "uq_validation_runs_open"),
    ("validation_runs", rows.run(state="running"), "ck_validation_runs_running_has_lease"),
    ("validation_runs", rows.run(state="finished", finished_at=rows.NOW),
     "ck_validation_runs_finished_has_result"),
    ("validation_runs", rows.run(state="finished", result="failed"), "ck_validation_runs_finished_at"),
    ("validation_runs", rows.run(state="asleep"), "ck_validation_runs_state"),
    ("validation_runs", rows.run(state="finished", result="fine", finished_at=rows.NOW),
     "ck_validation_runs_result"),
    ("validation_runs", rows.run(trigger="cron"), "ck_validation_runs_trigger"),
    ("validation_runs", rows.run(attempt=-1), "ck_validation_runs_counts"),
    ("findings", rows.finding(check_name="bgp"), "ck_findings_check_name"),
    ("findings", rows.finding(outcome="passed"), "ck_findings_code"),
    ("findings", rows.finding(outcome="maybe"), "ck_findings_outcome"),
    ("events", rows.event(), "pk_events"),
    ("events", rows.event(number=0), "ck_events_number"),
    ("services", rows.service(), "uq_services_live_name"),
    ("credentials", rows.credential(token_sha256=b"1" * 32), "uq_credentials_token_sha256"),
    ("credentials", rows.credential(token_sha256=b"plain"), "ck_credentials_token_sha256"),
    ("credentials", rows.credential(scopes=["everything"]), "ck_credentials_scopes"),
    ("deployment", {"id": 2, "mode": "sandbox", "stamped_at": rows.NOW}, "ck_deployment_one_row"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row", "constraint"), REFUSED, ids=[f"{n}-{c[2]}" for n, c in enumerate(REFUSED)]
)
def test_the_database_refuses(
    database: rows.Database, table: str, row: dict[str, Any], constraint: str
) -> None:
    assert rows.refused_by(database, table, row) == constraint


ADMITTED = [
    (
        "prefixes",
        rows.prefix(account_id=rows.OTHER, cidr=rows.CIDR),
        "a pending claim reserves nothing",
    ),
    ("prefixes", rows.prefix(cidr=rows.CIDR, **rows.CLOSED), "a closed claim is out of the way"),
    ("prefixes", rows.prefix(cidr="192.0.3.0/24", **rows.APPROVED), "the next range is free"),
    ("prefixes", rows.prefix(cidr="2001:db8::/32"), "families do not overlap"),
    (
        "validation_tokens",
        rows.token(expires_at=rows.NOW + timedelta(days=30), revoked_at=rows.NOW),
        "30 days",
    ),
    ("bindings", rows.binding(cidr="192.0.2.1/32"), "a binding nests"),
    ("bindings", rows.binding(removed_at=rows.NOW), "a removed binding is out of the way"),
    ("validation_runs", rows.run(state="cancelled", finished_at=rows.NOW), "an ended run"),
    ("services", rows.service(removed_at=rows.NOW), "a removed service's name is free"),
]


@pytest.mark.parametrize(
    ("table", "row"), [case[:2] for case in ADMITTED], ids=[case[2] for case in ADMITTED]
)
def test_the_database_admits(database: rows.Database, table: str, row: dict[str, Any]) -> None:
    rows.insert(database, table, row)


KEPT = [
    ("DELETE FROM events", "events_append_only"),
    ("UPDATE events SET actor = 'nobody'", "events_append_only"),
    ("TRUNCATE events", "events_never_emptied"),
    ("DELETE FROM prefixes", "prefixes_never_deleted"),
    ("DELETE FROM bindings", "bindings_never_deleted"),
    ("DELETE FROM validation_runs", "validation_runs_never_deleted"),
    ("DELETE FROM validation_tokens", "validation_tokens_never_deleted"),
    ("DELETE FROM credentials", "credentials_never_deleted"),
    ("DELETE FROM accounts", "accounts_never_deleted"),
    ("UPDATE prefixes SET cidr = '203.0.113.0/24'", "prefixes_fixed"),
    ("UPDATE prefixes SET asn = 64501", "prefixes_fixed"),
    ("UPDATE prefixes SET account_id = '00000000-0000-0000-0000-000000000002'", "prefixes_fixed"),
]


@pytest.mark.parametrize(("statement", "trigger"), KEPT, ids=[case[0] for case in KEPT])
def test_what_is_kept_stays(database: rows.Database, statement: str, trigger: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation) as refused:
        database.execute(statement.encode())
    assert refused.value.diag.constraint_name == trigger


def test_a_closed_claim_is_never_opened_again(database: rows.Database) -> None:
    rows.insert(database, "prefixes", rows.prefix(**rows.CLOSED))
    with pytest.raises(psycopg.errors.RestrictViolation) as refused:
        database.execute(
            "UPDATE prefixes SET state = 'pending', closed_at = NULL WHERE state = 'closed'"
        )
    assert refused.value.diag.constraint_name == "prefixes_stay_closed"


def test_a_claim_with_live_bindings_cannot_be_closed(database: rows.Database) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation) as refused:
        database.execute("UPDATE prefixes SET state = 'closed', closed_at = now()")
    assert refused.value.diag.constraint_name == "fk_bindings_live_prefix"


def test_what_an_advertised_route_rests_on_cannot_be_removed(database: rows.Database) -> None:
    """The later table that refers to the default binding, in short."""
    rows.insert(database, "bindings", rows.binding(cidr="192.0.2.1/32"))
    database.execute("""
        CREATE TABLE advertised (
            binding_id uuid, prefix_id uuid, is_default boolean DEFAULT true CHECK (is_default),
            live boolean DEFAULT true CHECK (live),
            FOREIGN KEY (binding_id, prefix_id, is_default, live)
                REFERENCES bindings (id, prefix_id, is_default, live) ON DELETE RESTRICT)""")
    advertise = "INSERT INTO advertised SELECT id, prefix_id FROM bindings WHERE cidr = %s"
    database.execute(advertise, [rows.CIDR])
    database.execute("SAVEPOINT advertised")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        database.execute("UPDATE bindings SET removed_at = now() WHERE is_default")
    database.execute("ROLLBACK TO advertised")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        database.execute(advertise, ["192.0.2.1/32"])
