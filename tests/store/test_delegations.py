from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from byoip.domain.accounts.account import Account
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.delegation import DelegateNotFound, Delegation, DelegationOverlaps
from byoip.domain.prefix import Prefix
from byoip.store.claims.reader import CustomerReader
from byoip.store.claims.views import Cursor
from byoip.store.transaction import Store
from tests.accounts import Accounts
from tests.store import rows
from tests.store.samples import SetClock, account

HOUR = timedelta(hours=1)


@pytest.fixture
async def delegate(accounts: Accounts) -> Account:
    made = account()
    await accounts.create(made)
    return made


def delegation(of: Claim, to: Account, cidr: str, **changed: Any) -> Delegation:
    now = datetime.now(UTC)
    made = Delegation(uuid4(), of.id, of.prefix, Prefix.parse(cidr), to.id, now)
    return replace(made, **changed)


async def test_delegations_come_back_as_they_were_in_address_order(
    store: Store, kept: Claim, delegate: Account
) -> None:
    until = datetime.now(UTC) + HOUR
    upper = delegation(kept, delegate, "192.0.2.128/25", expires_at=until)
    lower = delegation(kept, delegate, "192.0.2.0/25")
    async with store.transaction() as tx:
        await tx.delegations.add(upper)
        await tx.delegations.add(lower)
        assert await tx.delegations.of(kept.id) == [lower, upper]


async def test_overlap_and_an_account_that_is_not_there_are_refused_by_name(
    store: Store, kept: Claim, delegate: Account
) -> None:
    async with store.transaction() as tx:
        await tx.delegations.add(delegation(kept, delegate, "192.0.2.0/25"))
    with pytest.raises(DelegationOverlaps):
        async with store.transaction() as tx:
            await tx.delegations.add(delegation(kept, delegate, "192.0.2.0/24"))
    with pytest.raises(DelegateNotFound):
        async with store.transaction() as tx:
            await tx.delegations.add(delegation(kept, account(), "192.0.2.128/25"))


async def test_an_ended_delegation_is_gone_and_makes_room(
    store: Store, kept: Claim, delegate: Account, clock: SetClock
) -> None:
    async with store.transaction() as tx:
        await tx.delegations.add(made := delegation(kept, delegate, "192.0.2.0/25"))
        await tx.delegations.end([made.id], clock.now())
        assert await tx.delegations.of(kept.id) == []
        await tx.delegations.add(again := delegation(kept, delegate, "192.0.2.0/24"))
        assert await tx.delegations.of(kept.id) == [again]


async def test_claims_with_expired_delegations_are_found(
    store: Store, kept: Claim, delegate: Account
) -> None:
    until = datetime.now(UTC) + HOUR
    one = delegation(kept, delegate, "192.0.2.0/25", expires_at=until)
    two = delegation(kept, delegate, "192.0.2.128/25", expires_at=until)
    async with store.transaction() as tx:
        await tx.claims.save(kept.approve_by_operator(until - HOUR))
        await tx.delegations.add(one)
        await tx.delegations.add(two)
        assert await tx.delegations.over(until - HOUR, 10) == {}
        assert await tx.delegations.over(until, 10) == {kept.id: kept.account_id}
        assert await tx.delegations.over(until, 0) == {}
        await tx.delegations.end([one.id, two.id], until)
        assert await tx.delegations.over(until, 10) == {}


async def test_claims_that_lost_their_approval_are_found_with_their_delegations(
    store: Store, kept: Claim, delegate: Account
) -> None:
    lasting = delegation(kept, delegate, "192.0.2.0/25")
    async with store.transaction() as tx:
        await tx.delegations.add(lasting)
        assert await tx.delegations.over(datetime.now(UTC), 10) == {kept.id: kept.account_id}
        await tx.delegations.end([lasting.id], datetime.now(UTC))
        assert await tx.delegations.over(datetime.now(UTC), 10) == {}


async def test_readers_show_what_counts_now_to_owner_and_delegate(
    store: Store, reader: CustomerReader, kept: Claim, delegate: Account
) -> None:
    now = datetime.now(UTC)
    endless = delegation(kept, delegate, "192.0.2.0/25", created_at=now)
    short = delegation(
        kept, delegate, "192.0.2.128/25", created_at=now + HOUR / 2, expires_at=now + HOUR
    )
    async with store.transaction() as tx:
        await tx.delegations.add(short)
        await tx.delegations.add(endless)

    async def given(at: datetime, after: Cursor | None = None) -> list[Delegation]:
        found = await reader.delegations(kept.account_id, kept.id, now=at, after=after, limit=9)
        received = await reader.received_delegations(delegate.id, now=at, after=after, limit=9)
        assert list(found) == list(received)
        return list(found)

    assert await given(now) == [endless, short]
    assert await given(now, Cursor(endless.created_at, endless.id)) == [short]
    assert await given(now + HOUR) == [endless]
    owners = await reader.received_delegations(kept.account_id, now=now, after=None, limit=9)
    assert list(owners) == []
    with pytest.raises(ClaimNotFound):
        await reader.delegations(delegate.id, kept.id, now=now, after=None, limit=9)


# What must never happen, the database itself refuses: no code of ours is in the way below.

ANOTHER = uuid4()


def row(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "prefix_id": rows.PREFIX,
        "prefix_cidr": rows.CIDR,
        "cidr": "192.0.2.128/25",
        "account_id": rows.OTHER,
        "created_at": rows.NOW,
    } | changed


ROWS = [
    ("prefixes", rows.prefix(id=rows.PREFIX, cidr=rows.CIDR)),
    ("prefixes", rows.prefix(id=ANOTHER, account_id=rows.OTHER, cidr=rows.CIDR)),
    ("delegations", row(cidr="192.0.2.0/25")),
]


REFUSED = [
    (row(cidr="192.0.2.0/25"), "ex_delegations_overlap"),
    (row(cidr="192.0.2.7/32"), "ex_delegations_overlap"),
    (row(cidr=rows.CIDR), "ex_delegations_overlap"),
    (row(cidr="192.0.2.0/25", expires_at=rows.LATER), "ex_delegations_overlap"),
    (row(cidr="192.0.2.0/26", prefix_id=ANOTHER), "ex_delegations_overlap"),
    (row(cidr="192.0.3.0/24"), "ck_delegations_inside_prefix"),
    (row(cidr="192.0.0.0/16"), "ck_delegations_inside_prefix"),
    (row(cidr="192.0.3.0/24", prefix_cidr="192.0.0.0/16"), "fk_delegations_live_prefix"),
    (row(prefix_id=uuid4()), "fk_delegations_live_prefix"),
    (row(account_id=uuid4()), "fk_delegations_account_id"),
    (row(expires_at=rows.NOW), "ck_delegations_expires_at"),
]


@pytest.mark.parametrize(("refused", "constraint"), REFUSED)
def test_the_database_refuses(
    database: rows.Database, refused: dict[str, Any], constraint: str
) -> None:
    assert rows.refused_by(database, "delegations", refused) == constraint


def test_the_database_takes_what_does_not_overlap_or_has_ended(database: rows.Database) -> None:
    rows.insert(database, "delegations", row())
    rows.insert(database, "delegations", row(ended_at=rows.NOW))
    database.execute("UPDATE delegations SET ended_at = now()")
    rows.insert(database, "delegations", row(cidr=rows.CIDR))


def test_a_claim_with_live_delegations_cannot_be_closed(database: rows.Database) -> None:
    close = "UPDATE prefixes SET state = 'closed', closed_at = now() WHERE id = %s"
    database.execute("SAVEPOINT before")
    with pytest.raises(psycopg.errors.ForeignKeyViolation) as fault:
        database.execute(close, [rows.PREFIX])
    assert fault.value.diag.constraint_name == "fk_delegations_live_prefix"
    database.execute("ROLLBACK TO before")
    database.execute("UPDATE delegations SET ended_at = now()")
    database.execute(close, [rows.PREFIX])


def test_a_delegation_is_never_deleted(database: rows.Database) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        database.execute("DELETE FROM delegations")
