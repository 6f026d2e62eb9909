"""The ledger of withdrawals, and the breakers. Windows are measured by the database's clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from byoip.domain.breaker import (
    MINUTE,
    SHARE_WINDOW,
    CeilingReached,
    Ceilings,
    Counted,
    Scope,
    Source,
    Trip,
    Withdrawal,
    WithdrawalsStopped,
    trips,
)
from byoip.ports.clock import Clock
from byoip.store.columns import constant
from byoip.store.statements import Session, compiled
from byoip.store.tables_advertising import bgp_prefixes, breaker_trips, withdrawals

_w, _t = withdrawals.c, breaker_trips.c
_ACCOUNT: Final = bindparam("account_id", type_=Uuid)
_NOW: Final = func.clock_timestamp()  # not the transaction's: it may have waited for the lock

# One at a time: counting and adding must not interleave. Its key is "byoip".
_LOCK: Final = compiled(text("SELECT pg_advisory_xact_lock(0x6279, 0x6F6970)"))
_OPEN: Final = compiled(select(breaker_trips).where(_t.live))
_in_minute = _w.at > _NOW - literal_column(f"interval '{MINUTE.total_seconds():.0f} s'")
_in_window = and_(
    _w.at > _NOW - literal_column(f"interval '{SHARE_WINDOW.total_seconds():.0f} s'"),
    _w.source != constant(Source.REQUEST),
)
_COUNT: Final = compiled(
    select(
        select(func.count())
        .where(_w.job == bindparam("job", type_=Text), _w.run == bindparam("run", type_=Text))
        .where(_w.run != "")
        .scalar_subquery()
        .label("in_run"),
        select(func.count())
        .where(_w.account_id == _ACCOUNT, _in_minute)
        .scalar_subquery()
        .label("by_account"),
        select(func.count()).where(_in_minute).scalar_subquery().label("in_minute"),
        select(func.count()).where(_in_window).scalar_subquery().label("in_window"),
        select(func.count()).where(bgp_prefixes.c.advertised).scalar_subquery().label("advertised"),
    )
)
_ADD: Final = compiled(
    insert(withdrawals).values(
        id=bindparam("entry", type_=Uuid),
        bgp_prefix_id=bindparam("bgp_prefix_id", type_=Uuid),
        account_id=_ACCOUNT,
        change=bindparam("change", type_=BigInteger),
        source=bindparam("source", type_=Text),
        job=bindparam("job", type_=Text),
        run=bindparam("run", type_=Text),
        actor=bindparam("actor", type_=Text),
        request_id=bindparam("request_id", type_=Text),
        at=_NOW,
    )
)
_TRIP: Final = compiled(
    upsert(breaker_trips).on_conflict_do_nothing(
        index_elements=["scope", "subject"], index_where=_t.live
    ),
    ["id", "scope", "subject", "why", "at"],
)


class PostgresBreaker:
    """The breakers, within one transaction."""

    def __init__(self, session: Session, clock: Clock, ceilings: Ceilings) -> None:
        self._session = session
        self._clock = clock
        self._ceilings = ceilings

    async def permit(self, asked: Withdrawal, *, actor: str, request_id: str) -> UUID:
        """Count one more; the ledger's entry. One at a time, until the transaction ends."""
        await self._session.rows(_LOCK)
        stopping = [one for one in await self._open() if one.stops(asked)]
        if stopping:
            raise WithdrawalsStopped(stopping[0].scope)
        reached = trips(asked, await self._counted(asked), self._ceilings)
        if any(one.stops(asked) for one in reached):
            raise CeilingReached(reached, asked)
        await self.trip(reached, self._clock.now())
        entry = uuid4()
        await self._session.change(_ADD, entry=entry, **_values(asked, actor, request_id))
        return entry

    async def trip(self, trips: Sequence[Trip], now: datetime) -> None:
        """Open breakers; one that is open already stays as it is."""
        for one in trips:
            kept = {"id": uuid4(), "scope": one.scope, "subject": one.subject, "why": one.why}
            await self._session.change(_TRIP, **kept, at=now)

    async def _open(self) -> list[Trip]:
        rows = await self._session.rows(_OPEN)
        return [Trip(Scope(row.scope), row.subject, row.why) for row in rows]

    async def _counted(self, asked: Withdrawal) -> Counted:
        (row,) = await self._session.rows(
            _COUNT, account_id=asked.account_id, job=asked.job, run=asked.run
        )
        return Counted(row.in_run, row.by_account, row.in_minute, row.in_window, row.advertised)


def _values(asked: Withdrawal, actor: str, request_id: str) -> dict[str, Any]:
    return {
        "bgp_prefix_id": asked.bgp_prefix_id,
        "account_id": asked.account_id,
        "change": asked.change,
        "source": asked.source,
        "job": asked.job,
        "run": asked.run,
        "actor": actor,
        "request_id": request_id,
    }
