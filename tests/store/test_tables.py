"""What must never happen, the database itself refuses: no code of ours is in the way here."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.store.rows import (
    APPROVED,
    CIDR,
    CLOSED,
    CREDENTIAL,
    NOW,
    OTHER,
    PREFIX,
    RUN,
    RUNNING,
    SERVICE,
    Database,
    binding,
    credential,
    event,
    finding,
    insert,
    prefix,
    refused_by,
    run,
    service,
    token,
)

ROWS = [
    ("credentials", credential(id=CREDENTIAL, token_sha256=b"1" * 32)),
    ("services", service(id=SERVICE)),
    ("prefixes", prefix(id=PREFIX, cidr=CIDR, **APPROVED)),
    ("validation_tokens", token(value="a" * 32)),
    ("bindings", binding()),
    ("validation_runs", run(id=RUN)),
    ("events", event()),
]


REFUSED = [
    ("prefixes", prefix(account_id=OTHER, cidr="192.0.0.0/16", **APPROVED),
     "ex_prefixes_approved_overlap"),
    ("prefixes", prefix(account_id=OTHER, cidr=CIDR, **APPROVED), "ex_prefixes_approved_overlap"),
    ("prefixes", prefix(cidr="192.0.2.0/24"), "ex_prefixes_own_overlap"),
    ("prefixes", prefix(cidr="192.0.0.0/8"), "ex_prefixes_own_overlap"),
    ("prefixes", prefix(account_id=uuid4()), "fk_prefixes_account_id"),
    ("prefixes", prefix(cidr="198.51.100.0/25"), "ck_prefixes_length"),
    ("prefixes", prefix(cidr="198.0.0.0/7"), "ck_prefixes_length"),
    ("prefixes", prefix(cidr="2001:db8::/49"), "ck_prefixes_length"),
    ("prefixes", prefix(cidr="2000::/15"), "ck_prefixes_length"),
    ("prefixes", prefix(asn=0), "ck_prefixes_asn"),
    ("prefixes", prefix(asn=2**32), "ck_prefixes_asn"),
    ("prefixes", prefix(state="offboarded"), "ck_prefixes_state"),
    ("prefixes", prefix(standing="fine"), "ck_prefixes_standing"),
    ("prefixes", prefix(irr_state="V"), "ck_prefixes_irr_state"),
    ("prefixes", prefix(irr_state="valid"), "ck_prefixes_irr_passed"),
    ("prefixes", prefix(rpki_state="valid"), "ck_prefixes_rpki_passed"),
    ("prefixes", prefix(ownership_state="valid"), "ck_prefixes_ownership_passed"),
    ("prefixes", prefix(**APPROVED | {"approved_at": None}), "ck_prefixes_approved_at"),
    ("prefixes", prefix(approved_at=NOW), "ck_prefixes_approved_at"),
    ("prefixes", prefix(**APPROVED | {"ownership_state": "missing"}),
     "ck_prefixes_approved_is_proven"),
    ("prefixes", prefix(state="closed"), "ck_prefixes_closed_at"),
    ("prefixes", prefix(closed_at=NOW), "ck_prefixes_closed_at"),
    ("prefixes", prefix(version=0), "ck_prefixes_version"),
    ("validation_tokens", token(), "uq_validation_tokens_live"),
    ("validation_tokens", token(value="a" * 32, revoked_at=NOW), "uq_validation_tokens_value"),
    ("validation_tokens", token(value="short", revoked_at=NOW), "ck_validation_tokens_value"),
    ("validation_tokens", token(expires_at=NOW, revoked_at=NOW), "ck_validation_tokens_lifetime"),
    ("validation_tokens", token(expires_at=NOW + timedelta(days=30, seconds=1), revoked_at=NOW),
     "ck_validation_tokens_lifetime"),
    ("validation_tokens", token(consumed_at=NOW, revoked_at=NOW), "ck_validation_tokens_one_end"),
    ("validation_tokens", token(method="dns", revoked_at=NOW), "ck_validation_tokens_method"),
    ("validation_tokens", token(prefix_id=uuid4()), "fk_validation_tokens_prefix_id"),
    ("bindings", binding(), "uq_bindings_live_cidr"),
    ("bindings", binding(cidr="192.0.3.0/24"), "ck_bindings_inside_prefix"),
    ("bindings", binding(cidr="192.0.0.0/16"), "ck_bindings_inside_prefix"),
    ("bindings", binding(prefix_cidr="192.0.0.0/16", cidr="192.0.3.0/24"),
     "fk_bindings_live_prefix"),
    ("bindings", binding(cidr="192.0.2.1/32", service_id=uuid4()), "fk_bindings_service_id"),
    ("bindings", binding(cidr="192.0.2.1/32", state="on"), "ck_bindings_state"),
    ("validation_runs", run(), "uq_validation_runs_open"),
    ("validation_runs", run(**RUNNING), "uq_validation_runs_open"),
    ("validation_runs", run(state="running"), "ck_validation_runs_running_has_lease"),
    ("validation_runs", run(state="finished", finished_at=NOW),
     "ck_validation_runs_finished_has_result"),
    ("validation_runs", run(state="finished", result="failed"), "ck_validation_runs_finished_at"),
    ("validation_runs", run(state="asleep"), "ck_validation_runs_state"),
    ("validation_runs", run(state="finished", result="fine", finished_at=NOW),
     "ck_validation_runs_result"),
    ("validation_runs", run(trigger="cron"), "ck_validation_runs_trigger"),
    ("validation_runs", run(attempt=-1), "ck_validation_runs_counts"),
    ("findings", finding(check_name="bgp"), "ck_findings_check_name"),
    ("findings", finding(outcome="passed"), "ck_findings_code"),
    ("findings", finding(outcome="maybe"), "ck_findings_outcome"),
    ("events", event(), "pk_events"),
    ("events", event(number=0), "ck_events_number"),
    ("services", service(), "uq_services_live_name"),
    ("credentials", credential(token_sha256=b"1" * 32), "uq_credentials_token_sha256"),
    ("credentials", credential(token_sha256=b"plain"), "ck_credentials_token_sha256"),
    ("credentials", credential(scopes=["everything"]), "ck_credentials_scopes"),
    ("deployment", {"id": 2, "mode": "sandbox", "stamped_at": NOW}, "ck_deployment_one_row"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row", "constraint"), REFUSED, ids=[f"{n}-{c[2]}" for n, c in enumerate(REFUSED)]
)
def test_the_database_refuses(
    database: Database, table: str, row: dict[str, Any], constraint: str
) -> None:
    assert refused_by(database, table, row) == constraint


ADMITTED = [
    ("prefixes", prefix(account_id=OTHER, cidr=CIDR), "a pending claim reserves nothing"),
    ("prefixes", prefix(cidr=CIDR, **CLOSED), "a closed claim is out of the way"),
    ("prefixes", prefix(cidr="192.0.3.0/24", **APPROVED), "the next range is free"),
    ("prefixes", prefix(cidr="2001:db8::/32"), "families do not overlap"),
    ("validation_tokens", token(expires_at=NOW + timedelta(days=30), revoked_at=NOW), "30 days"),
    ("bindings", binding(cidr="192.0.2.1/32"), "a binding nests"),
    ("bindings", binding(removed_at=NOW), "a removed binding is out of the way"),
    ("validation_runs", run(state="cancelled", finished_at=NOW), "an ended run"),
    ("services", service(removed_at=NOW), "a removed service's name is free"),
]


@pytest.mark.parametrize(
    ("table", "row"), [case[:2] for case in ADMITTED], ids=[case[2] for case in ADMITTED]
)
def test_the_database_admits(database: Database, table: str, row: dict[str, Any]) -> None:
    insert(database, table, row)


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
    ("UPDATE prefixes SET account_id = '00000000-0000-0000-0000-000000000002'", "prefixes_move"),
]


@pytest.mark.parametrize(("statement", "trigger"), KEPT, ids=[case[0] for case in KEPT])
def test_what_is_kept_stays(database: Database, statement: str, trigger: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation) as refused:
        database.execute(statement.encode())
    assert refused.value.diag.constraint_name == trigger


def test_a_closed_claim_is_never_opened_again(database: Database) -> None:
    insert(database, "prefixes", prefix(**CLOSED))
    with pytest.raises(psycopg.errors.RestrictViolation) as refused:
        database.execute(
            "UPDATE prefixes SET state = 'pending', closed_at = NULL WHERE state = 'closed'"
        )
    assert refused.value.diag.constraint_name == "prefixes_stay_closed"


def test_a_claim_with_live_bindings_cannot_be_closed(database: Database) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation) as refused:
        database.execute("UPDATE prefixes SET state = 'closed', closed_at = now()")
    assert refused.value.diag.constraint_name == "fk_bindings_live_prefix"


def test_what_an_advertised_route_rests_on_cannot_be_removed(database: Database) -> None:
    """The later table that refers to the default binding, in short."""
    insert(database, "bindings", binding(cidr="192.0.2.1/32"))
    database.execute("""
        CREATE TABLE advertised (
            binding_id uuid, prefix_id uuid, is_default boolean DEFAULT true CHECK (is_default),
            live boolean DEFAULT true CHECK (live),
            FOREIGN KEY (binding_id, prefix_id, is_default, live)
                REFERENCES bindings (id, prefix_id, is_default, live) ON DELETE RESTRICT)""")
    advertise = "INSERT INTO advertised SELECT id, prefix_id FROM bindings WHERE cidr = %s"
    database.execute(advertise, [CIDR])
    database.execute("SAVEPOINT advertised")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        database.execute("UPDATE bindings SET removed_at = now() WHERE is_default")
    database.execute("ROLLBACK TO advertised")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        database.execute(advertise, ["192.0.2.1/32"])
