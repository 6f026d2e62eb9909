"""Rows as they stand in the tables, valid unless told otherwise; no code of ours is in the way."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ACCOUNT, OTHER, PREFIX, SERVICE = (UUID(int=number) for number in (1, 2, 3, 4))
CREDENTIAL, RUN = UUID(int=5), UUID(int=6)
CIDR = "192.0.2.0/24"

Database = psycopg.Connection[DictRow]

APPROVED = {
    "state": "approved",
    "approved_at": NOW,
    "approved_by": "checks",
    "ownership_state": "valid",
    "ownership_passed_at": NOW,
}
CLOSED = {"state": "closed", "closed_at": NOW}
RUNNING = {"state": "running", "lease_until": LATER}


def prefix(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "account_id": ACCOUNT,
        "cidr": "198.51.100.0/24",
        "asn": 64500,
        "description": "",
        "delegate_loa_creation": False,
        "created_at": NOW,
        "modified_at": NOW,
        "state": "pending",
        "standing": "ok",
        **dict.fromkeys(("irr_state", "rpki_state", "ownership_state"), "pending"),
        "findings": "{}",
        "irr_waived": False,
        "other_origins": "[]",
        "version": 1,
    } | changed


def token(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "prefix_id": PREFIX,
        "method": "any",
        "value": uuid4().hex,
        "created_at": NOW,
        "expires_at": LATER,
    } | changed


def binding(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "prefix_id": PREFIX,
        "prefix_cidr": CIDR,
        "cidr": CIDR,
        "service_id": SERVICE,
        "state": "active",
        "answering_service_id": changed.get("service_id", SERVICE),
        "created_at": NOW,
    } | changed


def run(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "prefix_id": PREFIX,
        "trigger": "customer",
        "state": "scheduled",
        "created_at": NOW,
        "due_at": NOW,
        "attempt": 0,
        "retries": 0,
    } | changed


def finding(**changed: Any) -> dict[str, Any]:
    return {
        "run_id": RUN,
        "position": 0,
        "check_name": "irr",
        "outcome": "failed",
        "code": "roa_missing",
        "seen": "",
        "fix": "",
        "warnings": [],
        "at": NOW,
    } | changed


def credential(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "account_id": ACCOUNT,
        "name": "",
        "token_sha256": b"2" * 32,
        "scopes": ["prefixes:read"],
        "created_at": NOW,
    } | changed


def event(**changed: Any) -> dict[str, Any]:
    return {
        "prefix_id": PREFIX,
        "number": 1,
        "account_id": ACCOUNT,
        "account_number": 1,
        "kind": "prefix.created",
        "actor": "cli",
        "request_id": "1",
        "at": NOW,
        "before": "{}",
        "after": "{}",
    } | changed


def service(**changed: Any) -> dict[str, Any]:
    return {"id": uuid4(), "name": "cdn", "default_only": False, "created_at": NOW} | changed


def insert(database: Database, table: str, row: dict[str, Any]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    database.execute(statement, row)


def refused_by(database: Database, table: str, row: dict[str, Any]) -> str | None:
    """The constraint that refuses a row."""
    with pytest.raises(psycopg.IntegrityError) as refused:
        insert(database, table, row)
    return refused.value.diag.constraint_name
