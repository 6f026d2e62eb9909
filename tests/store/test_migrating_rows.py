"""A database of the first release, in use, is brought to the newest revision."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from psycopg.rows import dict_row
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.bindings.service_binding import Provisioning
from byoip.domain.claims.lifecycle import Approver
from byoip.domain.idempotency import AlreadyAnswered, IdempotencyKey, StoredAnswer
from byoip.store import migrating
from byoip.store.claims.reader import CustomerReader
from byoip.store.engine import make_engine
from byoip.store.migrating import check_revision, migrate
from byoip.store.transaction import Store
from tests.store import rows
from tests.store.rows import ACCOUNT, CREDENTIAL, NOW, OTHER, SERVICE, Database, insert
from tests.store.samples import SetClock, binding, claim, event

APPROVED, PENDING, CLOSED, CLOSED_APPROVED, OTHERS = (UUID(int=number) for number in range(11, 16))
CIDRS = {
    APPROVED: "31.0.0.0/24",
    PENDING: "31.0.1.0/24",
    CLOSED: "31.0.2.0/24",
    CLOSED_APPROVED: "31.0.3.0/24",
    OTHERS: "31.0.4.0/24",
}
PROVEN = {"approved_at": NOW, "ownership_state": "valid", "ownership_passed_at": NOW}
STATES: dict[UUID, dict[str, Any]] = {
    APPROVED: {"state": "approved", **PROVEN},
    PENDING: {},
    CLOSED: {"state": "closed", "closed_at": NOW},
    CLOSED_APPROVED: {"state": "closed", "closed_at": NOW, **PROVEN},
    OTHERS: {"account_id": OTHER, "state": "approved", **PROVEN},
}
# Prefix, number there, minutes after the beginning; one clock was behind.
HISTORY = (
    *((APPROVED, 1, 0), (PENDING, 1, 1), (APPROVED, 2, 3), (APPROVED, 3, 2), (PENDING, 2, 9)),
    *((OTHERS, 1, 0), (OTHERS, 2, 5), (CLOSED, 1, 4)),
)


@pytest.fixture
async def engine(bare_database_url: str) -> AsyncIterator[AsyncEngine]:
    """At the newest revision, with what the first release had written."""
    _first_revision(bare_database_url)
    with psycopg.connect(bare_database_url, row_factory=dict_row) as database:
        _fill(database)
    migrate(bare_database_url, "production")
    made = make_engine(bare_database_url)
    yield made
    await made.dispose()


def _first_revision(url: str) -> None:
    with migrating._locked(url) as connection:
        config = migrating._config()
        config.attributes.update(connection=connection, mode="production")
        command.upgrade(config, "0001")


def _fill(database: Database) -> None:
    for account_id in (ACCOUNT, OTHER):
        row = {"id": account_id, "name": "Example", "prefix_quota": 10, "created_at": NOW}
        insert(database, "accounts", row)
    insert(database, "credentials", rows.credential(id=CREDENTIAL))
    insert(database, "services", rows.service(id=SERVICE, name="CDN"))
    for id_, state in STATES.items():
        insert(database, "prefixes", rows.prefix(id=id_, cidr=CIDRS[id_], **state))
    bound = {"prefix_id": APPROVED, "prefix_cidr": CIDRS[APPROVED], "cidr": CIDRS[APPROVED]}
    for ended in ({}, {"removed_at": NOW}):
        row = rows.binding(**bound, **ended)
        del row["answering_service_id"]
        insert(database, "bindings", row)
    for prefix_id, number, minutes in HISTORY:
        row = rows.event(prefix_id=prefix_id, number=number, at=NOW + timedelta(minutes=minutes))
        del row["account_id"], row["account_number"]
        insert(database, "events", row)
    for prefix_id, last in ((APPROVED, 3), (PENDING, 2), (OTHERS, 2), (CLOSED, 1)):
        insert(database, "event_counters", {"prefix_id": prefix_id, "last": last})
    insert(database, "idempotency_keys", _kept_answer())


def _kept_answer() -> dict[str, Any]:
    return {
        "credential_id": CREDENTIAL,
        "method": "POST",
        "path": "/prefixes",
        "key": "k",
        "body_sha256": b"1" * 32,
        "status": 200,
        "body": b"{}",
        "created_at": SetClock().now(),
    }


async def test_it_arrives_at_the_newest_revision(engine: AsyncEngine) -> None:
    assert (await check_revision(engine)).current


async def test_whatever_was_approved_was_so_on_the_word_of_checks(
    engine: AsyncEngine, bare_database_url: str
) -> None:
    with psycopg.connect(bare_database_url) as connection:
        by: dict[UUID, str | None] = dict(
            connection.execute("SELECT id, approved_by FROM prefixes").fetchall()
        )
    checked = {APPROVED, CLOSED_APPROVED, OTHERS}
    assert by == {id_: "checks" if id_ in checked else None for id_ in STATES}
    view = await CustomerReader(engine).claim(ACCOUNT, APPROVED)
    assert (view.claim.approved_by, view.default_binding) == (Approver.CHECKS, Provisioning.ACTIVE)


async def test_history_is_numbered_for_each_account_and_each_prefix_keeps_its_order(
    engine: AsyncEngine,
) -> None:
    reader = CustomerReader(engine)
    seen = await reader.account_events(ACCOUNT, after=0, limit=99)
    assert [(one.number, one.claim_id, one.event.number) for one in seen] == [
        (1, APPROVED, 1),
        (2, PENDING, 1),
        (3, APPROVED, 2),
        (4, APPROVED, 3),
        (5, CLOSED, 1),
        (6, PENDING, 2),
    ]
    others = await reader.account_events(OTHER, after=0, limit=99)
    assert [(one.number, one.claim_id) for one in others] == [(1, OTHERS), (2, OTHERS)]


async def test_what_was_approved_is_looked_at_within_a_day(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        turns = await connection.execute(
            sa.text(
                "SELECT id, due_at BETWEEN now() - interval '1 hour' AND now() + interval '1 day' "
                "FROM prefixes LEFT JOIN watch_turns ON prefix_id = id WHERE state = 'approved'"
            )
        )
        found = [tuple(one) for one in turns]
    assert found
    assert all(soon for _, soon in found), found


async def test_it_goes_on_being_written(engine: AsyncEngine) -> None:
    store, reader = Store(engine, SetClock()), CustomerReader(engine)
    fresh = claim(ACCOUNT, "31.0.9.0/24")
    async with store.transaction() as tx:
        await tx.claims.add(fresh)
        old = await tx.claims.lock(APPROVED, ACCOUNT)
        service = await tx.services.get(SERVICE)
        await tx.bindings.add(binding(old, service, "31.0.0.0/25"))
        tx.events.note(event(old, "service.bound"), event(fresh))
    news = await reader.account_events(ACCOUNT, after=6, limit=9)
    assert [(one.number, one.claim_id, one.event.number) for one in news] == [
        (7, APPROVED, 4),
        (8, fresh.id, 1),
    ]


async def test_an_answer_that_was_kept_is_given_again(engine: AsyncEngine) -> None:
    store = Store(engine, SetClock())
    once = IdempotencyKey(CREDENTIAL, "POST", "/prefixes", "k", b"1" * 32)
    with pytest.raises(AlreadyAnswered) as raised:
        async with store.transaction(once):
            raise AssertionError("it was carried out again")
    assert raised.value.answer == StoredAnswer(200, b"{}", None)


@pytest.mark.usefixtures("engine")
def test_what_guards_history_was_off_for_a_moment_only(bare_database_url: str) -> None:
    for statement in (
        "UPDATE prefixes SET description = 'x' WHERE state = 'closed'",
        "UPDATE events SET account_number = 99",
        "DELETE FROM events",
    ):
        with (
            psycopg.connect(bare_database_url) as connection,
            pytest.raises(psycopg.errors.RestrictViolation),
        ):
            connection.execute(statement)
