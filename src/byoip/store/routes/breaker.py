"""The ledger of withdrawals, and the trips; stamped and measured by the database's clock alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import OperatorEvent
from byoip.domain.routes import breaker
from byoip.store.accounts.operator_events import OperatorEventRepository
from byoip.store.columns import constant
from byoip.store.routes.tables import bgp_prefixes, breaker_trips, withdrawals
from byoip.store.statements import AnyRow, Session, compiled, from_row, to_row

_w, _t = withdrawals.c, breaker_trips.c
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
_JOB: Final = sa.bindparam("job", type_=sa.Text)
# Not the transaction's time, which may have waited for the lock; and stable within a statement, or
# no index would serve.
_NOW: Final = sa.func.statement_timestamp()

# One at a time: counting and adding must not interleave. Its key is "byoip":
# Postgres 15 knows decimals only.
_LOCK: Final = compiled(sa.select(sa.literal_column("pg_advisory_xact_lock(25209, 7301488)")))
OPEN: Final = compiled(sa.select(breaker_trips).where(_t.live).order_by(_t.at, _t.id))


def _since(scope: breaker.TripScope, subject: Any, window: timedelta | None = None) -> Any:
    """Entries after the breaker was re-armed: what an operator has looked at no longer counts."""
    rearmed = (
        sa.select(sa.func.max(_t.rearmed_at))
        .where(_t.scope == constant(scope), _t.subject == subject)
        .scalar_subquery()
    )
    if window is None:
        return _w.at > sa.func.coalesce(rearmed, sa.literal_column("'-infinity'::timestamptz"))
    begins = _NOW - sa.literal_column(f"interval '{window.total_seconds():.0f} s'")
    return _w.at > sa.func.greatest(begins, rearmed)


_HEX: Final = sa.func.replace(sa.cast(_ACCOUNT, sa.Text), "-", "")
_NONE: Final[sa.ColumnElement[str]] = sa.literal_column("''", sa.Text)
IN_MINUTE: Final = _since(breaker.TripScope.GLOBAL, _NONE, breaker.MINUTE)
IN_WINDOW: Final = sa.and_(
    _since(breaker.TripScope.GLOBAL, _NONE, breaker.SHARE_WINDOW),
    _w.source.not_in([constant(one) for one in sorted(breaker.UNSHARED)]),
)
ADVERTISED: Final = sa.select(sa.func.count()).where(bgp_prefixes.c.advertised).scalar_subquery()


def counting(*those: Any) -> Any:
    """The number of such entries in the ledger."""
    return sa.select(sa.func.count()).select_from(withdrawals).where(*those).scalar_subquery()


_LEAVING: Final = sa.and_(
    _w.account_id == _ACCOUNT, _w.source == constant(breaker.Source.OFFBOARDING)
)
_COUNT: Final = compiled(
    sa.select(
        counting(
            _w.job == _JOB,
            _w.run == sa.bindparam("run"),
            _w.run != _NONE,
            _since(breaker.TripScope.JOB, _JOB),
        ).label("in_run"),
        counting(
            _w.account_id == _ACCOUNT, _since(breaker.TripScope.ACCOUNT, _HEX, breaker.MINUTE)
        ).label("by_account"),
        counting(IN_MINUTE).label("in_minute"),
        counting(IN_WINDOW).label("in_window"),
        ADVERTISED.label("advertised"),
        counting(_LEAVING, _since(breaker.TripScope.ACCOUNT, _HEX, breaker.MINUTE)).label(
            "leaving_in_minute"
        ),
        counting(_LEAVING, IN_WINDOW).label("leaving_in_window"),
    )
)
_WITHDRAWN: Final = ("bgp_prefix_id", "account_id", "change", "source", "job", "run")
_ADD: Final = compiled(
    sa.insert(withdrawals).values(at=_NOW), ["id", *_WITHDRAWN, "actor", "request_id"]
)
_TRIP: Final = compiled(
    pg.insert(breaker_trips)
    .values(at=_NOW)
    .on_conflict_do_nothing(index_elements=["scope", "subject"], index_where=_t.live)
    .returning(_t.at),
    ["id", "scope", "subject", "why"],
)
_REARM: Final = compiled(
    sa.update(breaker_trips)
    .where(_t.id == sa.bindparam("trip_id"), _t.live)
    .values(rearmed_at=_NOW)
    .returning(breaker_trips),
    ["rearmed_by", "rearmed_because", "parked"],
)


class BreakerRepository:
    """The breaker, within one transaction."""

    def __init__(
        self,
        session: Session,
        ceilings: breaker.Ceilings,
        history: OperatorEventRepository,
    ) -> None:
        self._session = session
        self._ceilings = ceilings
        self._history = history

    async def permit(self, asked: breaker.Withdrawal, *, actor: str, request_id: str) -> UUID:
        """Enter one more in the ledger; the entry's id. One at a time, until the transaction ends.

        Raises:
            WithdrawalsStopped: an open trip stops it; nothing was counted.
            RoomAwaited: an offboarding goes on later; nothing was counted.
            CeilingReached: it would be one too many; nothing was counted. The caller opens the
                trip in another transaction (`trip`), since this one must not change anything.
        """
        await self._session.rows(_LOCK)
        stopping = [one.trip for one in await self.open() if one.trip.stops(asked)]
        if stopping:
            raise breaker.WithdrawalsStopped(stopping[0].scope)
        counted = await self._counted(asked)
        if breaker.awaits_room(asked, counted, self._ceilings):
            raise breaker.RoomAwaited
        reached = breaker.trips(asked, counted, self._ceilings)
        if any(one.stops(asked) for one in reached):
            raise breaker.CeilingReached(reached, asked, actor=actor, request_id=request_id)
        await self._trip(reached, actor, request_id)
        entry = uuid4()
        by = {"actor": actor, "request_id": request_id}
        await self._session.change(_ADD, id=entry, **to_row(asked, _WITHDRAWN), **by)
        return entry

    async def trip(self, trips: Sequence[breaker.Trip], *, actor: str, request_id: str) -> None:
        """Open trips, with an event for operators; one that is open already stays as it is."""
        await self._session.rows(_LOCK)
        await self._trip(trips, actor, request_id)

    async def _trip(self, trips: Sequence[breaker.Trip], actor: str, request_id: str) -> None:
        for one in trips:
            trip_id = uuid4()
            kept = {"id": trip_id, "scope": one.scope, "subject": one.subject, "why": one.why}
            tripped = await self._session.row(_TRIP, **kept)
            if tripped is None:
                continue
            shown = {"trip_id": trip_id.hex, "scope": one.scope.value, "subject": one.subject}
            why = CustomerText(one.why)
            self._history.note(
                OperatorEvent("breaker.tripped", actor, request_id, why, tripped.at, after=shown)
            )

    async def open(self) -> Sequence[breaker.KeptTrip]:
        """The open trips, the oldest first."""
        return [trip_from(row) for row in await self._session.rows(OPEN)]

    async def rearm(
        self, trip_id: UUID, *, by: str, because: str, parked: breaker.Parked
    ) -> breaker.KeptTrip:
        """Close a trip; what was counted for it before no longer counts.

        Raises:
            TripNotFound: there is no such open trip.
        """
        await self._session.rows(_LOCK)
        rows = await self._session.rows(
            _REARM, trip_id=trip_id, rearmed_by=by, rearmed_because=because, parked=parked
        )
        if not rows:
            raise breaker.TripNotFound
        return trip_from(rows[0])

    async def _counted(self, asked: breaker.Withdrawal) -> breaker.Counted:
        (row,) = await self._session.rows(
            _COUNT, account_id=asked.account_id, job=asked.job, run=asked.run
        )
        return breaker.Counted(**row._asdict())


def trip_from(row: AnyRow) -> breaker.KeptTrip:
    """A row of breaker_trips."""
    trip = breaker.Trip(breaker.TripScope(row.scope), row.subject, row.why)
    parked = None if row.parked is None else breaker.Parked(row.parked)
    return from_row(breaker.KeptTrip, row, trip=trip, parked=parked)
