"""The ledger of withdrawals, and the trips. All of their times are the database's."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.customer_text import CustomerText
from byoip.domain.history import OperatorEvent
from byoip.domain.routes import breaker
from byoip.domain.routes.bgp_prefix import BgpPrefix
from byoip.domain.routes.flaps import COUNTED_FOR, Flaps
from byoip.store.accounts.operator_events import OperatorEventRepository
from byoip.store.batches import Part, asking
from byoip.store.columns import constant
from byoip.store.routes.bgp_prefixes import WANTED
from byoip.store.routes.tables import bgp_prefixes, breaker_trips, withdrawals
from byoip.store.statements import AnyRow, Session, compiled, from_row, to_row

_w, _t, _b = withdrawals.c, breaker_trips.c, bgp_prefixes.c
_ACCOUNT: Final = sa.bindparam("account_id", type_=sa.Uuid)
_JOB: Final = sa.bindparam("job", type_=sa.Text)
# Not the transaction's time, which may have waited for the lock; and stable within a statement, or
# no index would serve.
_NOW: Final = sa.func.statement_timestamp()

# One at a time: counting and adding must not interleave. Its key is "byoip":
# Postgres 15 knows decimals only.
_ALONE: Final[sa.ColumnElement[Any]] = sa.literal_column(
    "pg_advisory_xact_lock(25209, 7301488)"
).label("locked")
_LOCK: Final = compiled(sa.select(_ALONE))
# Nobody waits whose word changes nothing, or is refused.
_LOCK_IF_UP: Final = compiled(sa.select(_ALONE).where(WANTED, _b.advertised, ~_b.locked))
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
ADVERTISED: Final = sa.select(sa.func.count()).where(_b.advertised).scalar_subquery()


def counting(*those: Any) -> Any:
    """How many routes have such entries in the ledger: one that flaps is one."""
    return sa.select(sa.func.count(_w.bgp_prefix_id.distinct())).where(*those).scalar_subquery()


def _others(*those: Any) -> Any:
    """The same without the route in question, which would otherwise count twice."""
    return counting(_w.bgp_prefix_id != sa.bindparam("bgp_prefix_id", type_=sa.Uuid), *those)


def flapping(cidr: Any, account_id: Any) -> sa.Select[Any]:
    """How often the account withdrew the route lately, and how many seconds ago it last did.

    By the route, not its row: one that is deleted and added again is the same to the Internet.
    """
    since = _NOW - sa.literal_column(f"interval '{COUNTED_FOR.total_seconds():.0f} s'")
    ago = sa.func.extract("epoch", _NOW - sa.func.max(_w.at))
    return (
        sa.select(sa.func.jsonb_build_array(sa.func.count(), ago).label("flaps"))
        .join_from(withdrawals, bgp_prefixes, _b.id == _w.bgp_prefix_id)
        .where(_b.cidr == cidr, _w.account_id == account_id, _w.at > since)
        .where(_w.source != constant(breaker.Source.ROLL_BACK))
    )


_FLAPS: Final = compiled(flapping(sa.bindparam("cidr", type_=pg.CIDR), _ACCOUNT))
_LEAVING: Final = sa.and_(
    _w.account_id == _ACCOUNT, _w.source == constant(breaker.Source.OFFBOARDING)
)
_OF_ACCOUNT: Final = _since(breaker.TripScope.ACCOUNT, _HEX, breaker.MINUTE)
_TALLIES: Final[Mapping[str, Any]] = {
    "by_account": sa.and_(_w.account_id == _ACCOUNT, _OF_ACCOUNT),
    "in_minute": IN_MINUTE,
    "in_window": IN_WINDOW,
    "leaving_in_minute": sa.and_(_LEAVING, _OF_ACCOUNT),
    "leaving_in_window": sa.and_(_LEAVING, IN_WINDOW),
}
_IN_RUN: Final = sa.and_(
    _w.job == _JOB,
    _w.run == sa.bindparam("run"),
    _w.run != _NONE,
    _since(breaker.TripScope.JOB, _JOB),
)
_COUNT: Final = compiled(
    sa.select(
        _others(_IN_RUN).label("in_run"),
        ADVERTISED.label("advertised"),
        *(_others(those).label(name) for name, those in _TALLIES.items()),
    )
)


def _past(name: str, those: Any) -> Any:
    """When so many of the routes that a tally counts are counted no longer."""
    last = sa.select(sa.func.max(_w.at).label("at")).where(those).group_by(_w.bgp_prefix_id)
    oldest = last.order_by("at").offset(sa.bindparam("besides", type_=sa.Integer)).limit(1)
    window: Any = sa.literal_column(f"interval '{breaker.WINDOWS[name].total_seconds():.0f} s'")
    return compiled(sa.select((oldest.subquery().c.at + window).label("past")))


_PAST: Final = {name: _past(name, those) for name, those in _TALLIES.items()}
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
        self._alone = False

    def turn_of(self, claim_id: UUID, bgp_prefix_id: UUID | None) -> Part:
        """Wait for the turn to withdraw a route, if it is announced, and not locked: for a look.

        Its claim must be locked; not within a savepoint, whose end would end the turn.
        """
        asked = {"claim_id": claim_id, "bgp_prefix_id": bgp_prefix_id}
        return asking(_LOCK_IF_UP, self._take_turn, **asked)

    def _take_turn(self, locked: Sequence[AnyRow]) -> None:
        self._alone = self._alone or bool(locked)

    async def permit(self, asked: breaker.Withdrawal, *, actor: str, request_id: str) -> UUID:
        """Enter one more in the ledger; the entry's id. One at a time, until the transaction ends.

        Raises:
            WithdrawalsStopped: an open trip stops it; nothing was counted.
            RoomAwaited: an offboarding goes on later; nothing was counted.
            CeilingReached: it would be one too many; nothing was counted. The caller opens the
                trip in another transaction (`trip`), since this one must not change anything.
        """
        if not self._alone:
            await self._session.look(asking(_LOCK, len))
        opened, counted = await self._session.look(asking(OPEN, _trips), _counting(asked))
        stopping = [one.trip for one in opened if one.trip.stops(asked)]
        if stopping:
            raise breaker.WithdrawalsStopped(stopping[0].scope)
        if breaker.awaits_room(asked, counted, self._ceilings):
            raise breaker.RoomAwaited
        reached = breaker.trips(asked, counted, self._ceilings)
        if any(one.stops(asked) for one in reached):
            raise breaker.CeilingReached(reached, asked, actor=actor, request_id=request_id)
        await self._trip(reached, actor, request_id)
        entry = uuid4()
        by = {"actor": actor, "request_id": request_id}
        row = to_row(asked, _WITHDRAWN)
        await self._session.put_off("withdrawal", _ADD, {"id": entry, **row, **by})
        return entry

    async def room_at(self, asked: breaker.Withdrawal) -> datetime | None:
        """When an offboarding's next route may go, if nothing else does; None: now."""
        (counted,) = await self._session.look(_counting(asked))
        over = breaker.crowded(counted, self._ceilings)
        found = [
            row.past
            for name, many in over.items()
            for row in await self._session.rows(
                _PAST[name], account_id=asked.account_id, besides=many - 1
            )
        ]
        return max(found, default=None)

    def flaps(self, bgp_prefix: BgpPrefix) -> Part:
        """How often the route was withdrawn lately, by the database's clock: for a look."""
        cidr, account_id = bgp_prefix.cidr.network, bgp_prefix.account_id
        return asking(
            _FLAPS, lambda rows: flaps_from(rows[0].flaps), cidr=cidr, account_id=account_id
        )

    async def trip(self, trips: Sequence[breaker.Trip], *, actor: str, request_id: str) -> None:
        """Open trips, with an event for operators; one that is open already stays as it is."""
        await self._session.rows(_LOCK)
        await self._trip(trips, actor, request_id)

    async def _trip(self, trips: Sequence[breaker.Trip], actor: str, request_id: str) -> None:
        for one in trips:
            trip_id = uuid4()
            kept = {"id": trip_id, "scope": one.scope, "subject": one.subject, "why": one.why}
            opened = await self._session.row(_TRIP, **kept)
            if opened is None:
                continue
            shown = {"trip_id": trip_id.hex, "scope": one.scope.value, "subject": one.subject}
            why = CustomerText(one.why)
            self._history.note(
                OperatorEvent("breaker.tripped", actor, request_id, why, opened.at, after=shown)
            )

    async def open(self) -> Sequence[breaker.KeptTrip]:
        """The open trips, the oldest first."""
        return _trips(await self._session.rows(OPEN))

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


def _counting(asked: breaker.Withdrawal) -> Part:
    return asking(
        _COUNT,
        lambda rows: breaker.Counted(**rows[0]._asdict()),
        bgp_prefix_id=asked.bgp_prefix_id,
        account_id=asked.account_id,
        job=asked.job,
        run=asked.run,
    )


def _trips(rows: Sequence[AnyRow]) -> Sequence[breaker.KeptTrip]:
    return [trip_from(row) for row in rows]


def flaps_from(shown: Sequence[float | None]) -> Flaps:
    """What `flapping` gives."""
    count, ago = shown
    return Flaps(int(count or 0), timedelta(seconds=ago or 0))


def trip_from(row: AnyRow) -> breaker.KeptTrip:
    """A row of breaker_trips."""
    trip = breaker.Trip(breaker.TripScope(row.scope), row.subject, row.why)
    parked = None if row.parked is None else breaker.Parked(row.parked)
    return from_row(breaker.KeptTrip, row, trip=trip, parked=parked)
