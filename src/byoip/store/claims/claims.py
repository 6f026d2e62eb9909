"""Claims, locked and saved; and the locks of accounts and of address space.

Text SQL for the locks of space: they are taken in the order of their rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa

from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.claims.claim import CheckRecord, Claim, ClaimNotFound, OverlapsOwnClaim
from byoip.domain.claims.lifecycle import State
from byoip.domain.claims.reservation import SpaceReserved
from byoip.domain.foreign_text import storable
from byoip.domain.prefix import Prefix
from byoip.store.accounts.tables import account_counters, accounts
from byoip.store.batches import Part, asking
from byoip.store.claims import closing_sql
from byoip.store.claims.claim_reader import VIEWS, claim_from, claim_view
from byoip.store.claims.events import EventRepository
from byoip.store.claims.tables import events, prefixes
from byoip.store.claims.views import ClaimView
from byoip.store.columns import constant
from byoip.store.sharing import in_slices
from byoip.store.statements import (
    Repository,
    Session,
    compiled,
    from_text,
    json,
    to_row,
)

# The shortest lengths that may be brought (checked by the table): where the locks of space begin.
_CUT: Final = {4: 8, 6: 16}
_LARGEST: Final = 2**31 - 1

# The columns that we write; the database computes the rest.
_WRITTEN: Final = tuple(one.name for one in prefixes.c if one.computed is None)
_FIXED: Final = frozenset({"id", "account_id", "cidr", "asn", "created_at"})
_CHECKS: Final = ("irr", "rpki", "ownership")
_SLICE: Final = 10

_p, _c = prefixes.c, account_counters.c
_ID: Final = sa.bindparam("claim_id", type_=sa.Uuid)
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)


def _for_update(statement: sa.Select[Any]) -> sa.Select[Any]:
    # FOR NO KEY UPDATE: other transactions may add rows that refer to it.
    return statement.with_for_update(key_share=True)


_INSERT: Final = compiled(sa.insert(prefixes), _WRITTEN)
_QUOTA: Final = compiled(
    _for_update(sa.select(accounts.c.prefix_quota).where(accounts.c.id == _ACCOUNT))
)
_HELD: Final = compiled(
    sa.select(sa.func.coalesce(sa.func.sum(_c.live_prefixes), 0).label("held")).where(
        _c.account_id == _ACCOUNT
    )
)
# Without an account, any: coalesce keeps that one statement.
_live = sa.select(prefixes).where(
    _p.id == _ID, _p.live, _p.account_id == sa.func.coalesce(_ACCOUNT, _p.account_id)
)
_GET: Final = compiled(_live)
_VIEW: Final = compiled(VIEWS.where(_p.id == _ID))
_LOCK: Final = compiled(_for_update(_live))
_SAVE: Final = compiled(
    sa.update(prefixes).where(_p.id == _ID), [name for name in _WRITTEN if name not in _FIXED]
)
_OWN: Final = compiled(
    sa.select(_p.id)
    .where(_p.account_id == _ACCOUNT, _p.live, _p.cidr.op("&&")(sa.bindparam("prefix")))
    .limit(1)
)
# In the order of the path; the last of it is the prefix.
_LOCK_SPACE: Final = from_text(
    """
    SELECT CASE WHEN place < cardinality(CAST(:kinds AS int[]))
        THEN pg_advisory_xact_lock_shared(kind, number)
        ELSE pg_advisory_xact_lock(kind, number) END AS locked
    FROM unnest(CAST(:kinds AS int[]), CAST(:numbers AS int[]))
        WITH ORDINALITY AS path (kind, number, place)
    """,
    selects=["locked"],
)
_OVERLAPPING: Final = compiled(
    _for_update(
        sa.select(prefixes)
        .where(_p.cidr.op("&&")(sa.bindparam("prefix")), _p.state == constant(State.APPROVED))
        .order_by(_p.id)
    )
)
_WAS_CONTESTED: Final = compiled(
    sa.select(events.c.number)
    .where(events.c.prefix_id == _ID, events.c.kind == "prefix.contested")
    .limit(1)
)


class ClaimRepository(Repository):
    """Claims, within one transaction."""

    def __init__(self, session: Session, events: EventRepository) -> None:
        super().__init__(session)
        self._events = events

    async def add(self, claim: Claim) -> None:
        """Keep a new claim; its account is locked, and has none that overlaps it (`overlapped`).

        Raises:
            OverlapsOwnClaim, SpaceReserved: as late as the write is done.
        """
        refusals: dict[str, Exception] = {
            "ex_prefixes_own_overlap": OverlapsOwnClaim(claim.prefix),
            "prefixes_claim_unreserved": SpaceReserved(claim.prefix),
        }
        await self._session.put_off("claim", _INSERT, _values(claim), refusals=refusals)
        self._events.of_new(claim.id, claim.account_id)

    async def lock_account(self, account_id: UUID) -> tuple[int, int]:
        """Lock the account against other claims; how many live claims it has, and its quota."""
        quota = await self.lock_quota(account_id)
        (held,) = await self._session.look(self.held(account_id))
        return held, quota

    async def lock_quota(self, account_id: UUID) -> int:
        """Lock the account against other claims; its quota.

        What else is to be known is asked after that: a statement sees what was committed when it
        began, and this one may have waited for the lock.
        """
        row = await self._session.one(_QUOTA, AccountNotFound(account_id), account_id=account_id)
        quota: int = row.prefix_quota
        return quota

    def held(self, account_id: UUID) -> Part:
        """How many live claims the account has, of transactions that have ended: for a look."""
        return asking(_HELD, lambda rows: int(rows[0].held), account_id=account_id)

    def overlapped(self, account_id: UUID, prefix: Prefix) -> Part:
        """Whether the account has a live claim on overlapping space: for a look.

        Asked first: an insert that meets the constraint while that row is being updated would wait
        for it, and could be waited for.
        """
        return asking(_OWN, bool, account_id=account_id, prefix=prefix.network)

    async def lock(self, claim_id: UUID, account_id: UUID | None = None) -> Claim:
        """Read a live claim for update; within one account where that is given.

        Raises:
            ClaimNotFound: not there, closed, or another account's.
        """
        row = await self._session.one(
            _LOCK, ClaimNotFound, claim_id=claim_id, account_id=account_id
        )
        return claim_from(row)

    async def lock_closed(self, claim_id: UUID, account_id: UUID) -> Claim:
        """Read one that has ended, for update, after its account; see `lock`."""
        row = await self._session.one(
            closing_sql.LOCK_CLOSED, ClaimNotFound, claim_id=claim_id, account_id=account_id
        )
        return claim_from(row)

    def held_by_others(self, prefix: Prefix) -> Part:
        """Whether an approved claim overlaps it: for a look."""
        return asking(closing_sql.HELD, bool, prefix=prefix.network)

    def asking(
        self, claim_id: UUID, account_id: UUID | None = None, *, locking: bool = False
    ) -> Part:
        """A live claim, or None where there is none: for a look, which may lock it, too."""
        of = {"claim_id": claim_id, "account_id": account_id}
        return asking(
            _LOCK if locking else _GET, lambda rows: claim_from(rows[0]) if rows else None, **of
        )

    async def lock_outside_contests(self, claim_id: UUID, account_id: UUID | None) -> Claim | None:
        """Lock a claim that never was in a contest. None: it was by now, and is not locked.

        Raises:
            ClaimNotFound: see `lock`.
        """
        locked: Claim | None = None
        async with await self._session.savepoint() as tried:
            claim = await self.lock(claim_id, account_id)
            if not await self.outside_contests(claim):
                raise psycopg.Rollback(tried)
            locked = claim
        return locked  # noqa: RET504 - None where it was undone

    async def outside_contests(self, claim: Claim) -> bool:
        """Whether a locked claim never was a rival; of a settled one the other's mark may stay."""
        was_in_one = await self._session.rows(_WAS_CONTESTED, claim_id=claim.id)
        return claim.outside_contests and not was_in_one

    async def get(self, claim_id: UUID, account_id: UUID | None = None) -> Claim:
        """Read a live claim without locking it.

        Raises:
            ClaimNotFound: not there, closed, or another account's.
        """
        row = await self._session.one(_GET, ClaimNotFound, claim_id=claim_id, account_id=account_id)
        return claim_from(row)

    async def view(self, claim_id: UUID) -> ClaimView:
        """A live claim as the API shows it, as this transaction has left it.

        Raises:
            ClaimNotFound: there is no such live claim.
        """
        row = await self._session.one(_VIEW, ClaimNotFound, claim_id=claim_id)
        return claim_view(row)

    async def save(self, claim: Claim) -> None:
        """Write back a claim that was locked. Looks ask about claims before that, if at all."""
        row = {"claim_id": claim.id, **_values(claim)}
        await self._session.put_off("claim", _SAVE, row, unseen=True)

    async def lock_space(self, prefix: Prefix) -> None:
        """Serialise what begins and ends contests over a space until the transaction ends.

        All that overlaps it waits, and nothing else does. Before any claim is locked: see the order
        of locks in `transaction.py`.
        """
        await self._session.look(self.locking_space(prefix))

    def locking_space(self, prefix: Prefix) -> Part:
        """The same, as a part of a look that only locks: claims and runs after it."""
        kinds, numbers = zip(*_path(prefix), strict=True)
        return asking(_LOCK_SPACE, len, kinds=list(kinds), numbers=list(numbers))

    async def approved_overlapping(self, prefix: Prefix) -> Sequence[Claim]:
        """Approved live claims of any account that overlap it, locked for update."""
        rows = await self._session.rows(_OVERLAPPING, prefix=prefix.network)
        return await in_slices(rows, claim_from, size=_SLICE)

    async def unproven(self, now: datetime, limit: int) -> Mapping[UUID, UUID]:
        """Live claims that should be closed by now, each with its account; the oldest first."""
        rows = await self._session.rows(closing_sql.UNPROVEN, now=now, most=limit)
        return {row.id: row.account_id for row in rows}

    async def not_told(self, now: datetime, limit: int) -> Sequence[UUID]:
        """Live claims that close soon, and whose customers were not told."""
        return [
            row.id for row in await self._session.rows(closing_sql.NOT_TOLD, now=now, most=limit)
        ]


def _path(prefix: Prefix) -> Iterator[tuple[int, int]]:
    """Locks from the shortest prefix around down to this one, which is locked alone.

    Of two prefixes that overlap, one is on the path of the other, which shares it. Two of one
    length may have the same number (of IPv6): then one waits for the other without need.
    """
    address, bits = int(prefix.network.network_address), prefix.network.max_prefixlen
    shortest = _CUT[prefix.family]
    for length in range(shortest, prefix.length + 1):
        kind = prefix.family if length == shortest else length << 8 | prefix.family
        yield kind, (address >> bits - length) % _LARGEST


def _values(claim: Claim) -> dict[str, Any]:
    """What a row of prefixes holds of a claim."""
    checks = {name: getattr(claim, name) for name in _CHECKS}
    origins = [
        {"asn": one.asn.number, "prefix": str(one.prefix), "where": one.where}
        for one in claim.other_origins
    ]
    return to_row(
        claim,
        _WRITTEN,
        cidr=claim.prefix.network,
        asn=claim.asn.number,
        description=claim.description.value,
        **{f"{name}_state": check.state for name, check in checks.items()},
        **{f"{name}_passed_at": check.passed_at for name, check in checks.items()},
        findings=json({name: found for name, one in checks.items() if (found := _found(one))}),
        other_origins=json(origins),
        frozen_for=sorted(one.value for one in claim.frozen_for),
        proven_at=claim.proof.proven_at,
        proof_ends_at=claim.proof.ends_at,
        proof_told_at=claim.proof.told_at,
        proof_due_at=claim.proof.due_at,
    )


def _found(check: CheckRecord) -> dict[str, str]:
    texts = {name: getattr(check, name) or "" for name in ("reason", "seen", "fix", "doubt")}
    return {name: storable(text) for name, text in texts.items() if text}
