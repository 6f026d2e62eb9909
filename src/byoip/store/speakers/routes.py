"""What reconcilers read and write; each call is one statement, or a few of one kind."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings
from byoip.domain.routes.route import Path
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute, RouteState
from byoip.domain.speakers.sightings import Observation
from byoip.store.autocommit import AutocommitPool, autocommit_pool
from byoip.store.sharing import in_slices
from byoip.store.speakers import records
from byoip.store.speakers import route_rows as made
from byoip.store.speakers import route_statements as sql
from byoip.store.speakers.comparisons import Comparisons
from byoip.store.speakers.drains import Drains
from byoip.store.speakers.records import SpeakerRecords, SpeakerState
from byoip.store.speakers.revisions import Revisions
from byoip.store.statements import AnyRow, json_text
from byoip.store.unavailable import StoreRefused


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that operators should know as long as it lasts.

    Attributes:
        kind: one of `alarm_kinds.ALARM_KINDS`.
        subject: the stage, the BGP prefix, the peer or the speaker that it is about.
    """

    kind: str
    subject: str
    detail: str = ""


_SLICE: Final = 500  # rows, some two milliseconds
_PAGE: Final = 5000  # orphans, some 200 ms of the database
# Of a speaker, held or gone: more than it can hold at once (`MOST_PATHS` of each family).
_MOST_ORPHANS: Final = 500_000
# All of the last hour, then the last of each hour, for a week: far below the bound.
_SNAPSHOTS: Final = {"whole_for": timedelta(hours=1), "kept_for": timedelta(days=7), "most": 400}


class Routes:
    """Desired and applied routes, by single statements: each is a transaction of its own.

    The columns keep their older names: `may_hold` is `AppliedRoute.possibly_installed`.
    """

    def __init__(self, engine: AsyncEngine, ceilings: Ceilings = Ceilings()) -> None:  # noqa: B008 - frozen
        self._autocommit = autocommit_pool(engine)
        self._most_orphans = ceilings.per_minute
        self._permitting = asyncio.Lock()  # several speakers at once would each count what is left

    def on(self, pool: AutocommitPool) -> Self:
        """The same on other connections: those of a leader carry its lease."""
        other = copy(self)
        other._autocommit = pool  # noqa: SLF001 - of the same kind
        return other

    @property
    def records(self) -> SpeakerRecords:
        """What is on record of each speaker, outside of the rows of routes."""
        return SpeakerRecords(self._autocommit)

    @property
    def revisions(self) -> Revisions:
        """The settings of speakers."""
        return Revisions(self._autocommit)

    @property
    def drains(self) -> Drains:
        """What people have taken out of service."""
        return Drains(self._autocommit)

    @property
    def comparisons(self) -> Comparisons:
        """Which worker compares which speaker."""
        return Comparisons(self._autocommit)

    async def states(self, speaker: str) -> Sequence[RouteState]:
        """Every row that is advertised, or that the speaker may have from us."""
        rows = await self._autocommit.ask(sql.STATES, speaker=speaker)
        return await in_slices(rows, made.state, size=_SLICE)

    async def states_of(self, speaker: str, ids: Collection[UUID]) -> Sequence[RouteState]:
        """The same, for the routes of these rows only."""
        rows = await self._autocommit.ask(
            sql.STATES_OF, speaker=speaker, ids=made.array(one.hex for one in ids)
        )
        return await in_slices(rows, made.state, size=_SLICE)

    async def mark_possibly_installed(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> Collection[UUID]:
        """Record that the speaker may have these routes; to be called before it is asked.

        Returns:
            The rows, read again under lock, that are still wanted so: only they may be announced.
        """
        rows = await self._autocommit.ask(
            sql.MARK_POSSIBLY_INSTALLED, speaker=speaker, now=now, **made.changes(desired_routes)
        )
        return {row.id for row in rows}

    async def mark_announced(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> None:
        """Record that the speaker has announced them."""
        await self._autocommit.ask(
            sql.MARK_ANNOUNCED, speaker=speaker, now=now, **made.changes(desired_routes)
        )

    async def withdrawable(
        self, speaker: str, desired_routes: Collection[DesiredRoute]
    ) -> Collection[UUID]:
        """Those that the speaker may be told to withdraw, read again under lock.

        The ledger must have their withdrawal, and the speaker must have them from us.
        """
        rows = await self._autocommit.ask(
            sql.WITHDRAWABLE, speaker=speaker, **made.changes(desired_routes)
        )
        return {row.id for row in rows}

    async def mark_withdrawn(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> None:
        """Record that the speaker has withdrawn them, unless an owner wants them again by now."""
        changes = made.changes(desired_routes)
        await self._autocommit.ask(sql.MARK_WITHDRAWN, speaker=speaker, now=now, **changes)

    async def decided_orphans(self, speaker: str) -> Collection[Prefix]:
        """Orphans that an operator decided to withdraw."""
        return {
            Prefix(row.cidr)
            for row in await self._autocommit.ask(records.DECIDED_ORPHANS, speaker=speaker)
        }

    async def permit_orphan_withdrawals(
        self, speaker: str, orphans: Collection[Prefix]
    ) -> Collection[Prefix]:
        """Record in their ledger which of these orphans may be withdrawn now.

        Only what an operator decided about and no row wants; at all speakers together no more in a
        minute than the breaker's ceiling; none while the breaker is open for all.
        """
        asked = {"speaker": speaker, "cidrs": [str(one) for one in orphans]}
        async with self._permitting:
            rows = await self._autocommit.ask(
                records.PERMIT_ORPHANS, **asked, most=self._most_orphans
            )
        return {Prefix(row.cidr) for row in rows}

    async def note_orphans(
        self, speaker: str, orphans: Mapping[Prefix, Path], now: datetime, *, unknown: bool = False
    ) -> None:
        """Record which orphans it holds; others end when decided, or a row wants or wanted them.

        Page by page: what one speaker holds, however much, must not take others the time.

        Raises:
            StoreRefused: it holds ever others: of one speaker no more are remembered.
        """
        by = {"speaker": speaker, "now": now}
        held = await in_slices(list(orphans.values()), made.orphan, size=_SLICE)
        cidrs = made.array(one["cidr"] for one in held)
        (gone,) = await self._autocommit.ask(records.ORPHANS_MISSED, cidrs=cidrs, **by)
        if gone.remembered + len(held) > _MOST_ORPHANS:
            raise StoreRefused(
                f"{gone.remembered} orphans that it holds no more are remembered, and it holds "
                f"{len(held)}: decide about some, for these are more than {_MOST_ORPHANS}"
            )
        for start in range(0, len(held), _PAGE):
            found = json_text(held[start : start + _PAGE])
            await self._autocommit.ask(records.ORPHANS_FOUND, found=found, unknown=unknown, **by)

    async def note_speaker(self, state: SpeakerState) -> None:
        """Record how the speaker was found."""
        row = asdict(state) | {"sessions": Jsonb(dict(state.sessions))}
        row["neighbour_ases"] = list(state.neighbour_ases)
        await self._autocommit.ask(sql.SPEAKER, **row)

    async def note_listeners(self, answered: Mapping[str, bool], now: datetime) -> None:
        """Record which listeners were asked, and whether each answered."""
        names, words = list(answered), list(answered.values())
        await self._autocommit.ask(sql.LISTENERS, names=names, answered=words, now=now)

    async def unsettled(self) -> Sequence[tuple[DesiredRoute, Mapping[str, AppliedRoute]]]:
        """The rows whose last change was not seen everywhere, with what each speaker was told.

        In several statements where they are many: what changes meanwhile is found the next time.
        """
        found: dict[UUID, tuple[DesiredRoute, dict[str, AppliedRoute]]] = {}

        def note(row: AnyRow) -> None:
            if row.id not in found:
                found[row.id] = (made.unsettled(row), {})
            if row.speaker is not None:
                found[row.id][1][row.speaker] = made.applied(row)

        after, more = UUID(int=0), True
        while more:
            before = len(found)
            rows = await self._autocommit.ask(sql.UNSETTLED, after=after)
            await in_slices(rows, note, size=_SLICE)
            more = len(found) - before == sql.UNSETTLED_PAGE
            after = rows[-1].id if more else after
        return list(found.values())

    async def settle(self, desired_routes: Collection[DesiredRoute]) -> None:
        """Record that these changes were seen everywhere, unless the row has changed since."""
        await self._autocommit.ask(sql.SETTLE, **made.changes(desired_routes))

    async def to_observe(self) -> Sequence[DesiredRoute]:
        """The settled rows that are advertised, or that some observer last saw."""
        return await in_slices(
            await self._autocommit.ask(sql.TO_OBSERVE), made.desired, size=_SLICE
        )

    async def withdrawn_since(self, since: datetime) -> int:
        """How many routes were withdrawn since then, by the ledger."""
        return int((await self._autocommit.ask(sql.WITHDRAWN_SINCE, since=since))[0].many)

    async def changes(self) -> int:
        """How many changes all rows have seen, asked for and settled: it tells of each.

        Both count: a look that began before a change was settled left its route out.
        """
        return int((await self._autocommit.ask(sql.CHANGES))[0].many)

    async def record_observations(self, found: Collection[Observation], now: datetime) -> None:
        """Record what observers said, where it is news; of two words of one observer, the last."""
        last = {(one.bgp_prefix_id, one.seen_by): one for one in found}.values()
        await self._autocommit.ask(
            sql.OBSERVATIONS,
            ids=made.array(one.bgp_prefix_id.hex for one in last),
            seen_by=[one.seen_by for one in last],
            advertised=made.array("t" if one.advertised else "f" for one in last),
            own_word=made.array("t" if one.own_word else "f" for one in last),
            now=now,
        )

    async def note_reported(self, speakers: Collection[str], now: datetime) -> None:
        """Record which speakers said, of every row of `to_observe`, to which peers they send it."""
        await self._autocommit.ask(sql.REPORTED, speakers=list(speakers), now=now)

    async def forget_sessions(
        self, speakers: Collection[str], sessions: Collection[str], now: datetime
    ) -> None:
        """Record that speakers send nothing to peers that they have no session with any more.

        Args:
            speakers: those that said which sessions they have.
            sessions: all of these sessions, each as `seen_by` names it.
            now: when the speakers said so.
        """
        await self._autocommit.ask(
            sql.FORGET_SESSIONS, speakers=list(speakers), sessions=list(sessions), now=now
        )

    async def standing_alarms(self, kind: str) -> Collection[str]:
        """The subjects of a kind of alarm that stand, whichever process raised them."""
        return [row.subject for row in await self._autocommit.ask(sql.STANDING_ALARMS, kind=kind)]

    async def replace_alarms(
        self, kind: str, standing: Collection[Alarm], now: datetime
    ) -> Sequence[str]:
        """Record which alarms of a kind stand: these, and no others; the subjects of new ones."""
        details = {one.subject: one.detail for one in standing}
        subjects = {"subjects": list(details), "details": list(details.values())}
        return [
            row.subject
            for row in await self._autocommit.ask(
                sql.REPLACE_ALARMS, kind=kind, now=now, **subjects
            )
        ]

    async def take_snapshot(self) -> int | None:
        """Keep the applied state under the next number, if it differs from the last; prune.

        Routes that no owner wants announced are left out. All snapshots of the last hour are kept,
        then the last of each hour, for a week; the time is the database's.
        """
        rows = await self._autocommit.ask(sql.TAKE_SNAPSHOT, **_SNAPSHOTS)
        return rows[0].number if rows else None
