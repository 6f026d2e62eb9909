"""What reconcilers read and write; each call is one statement."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.breaker import Ceilings
from byoip.domain.routes.route import Path, Route
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute, RouteState
from byoip.store.autocommit import autocommit_pool
from byoip.store.rows import AnyRow
from byoip.store.speakers import route_statements as sql


@dataclass(frozen=True, slots=True)
class SpeakerState:
    """A speaker as last found.

    Attributes:
        fault: why it could not be asked; empty while it answers.
        loaded: whether it has every route now.
    """

    name: str
    stage: int
    fault: str
    held: int
    at: datetime
    loaded: bool


@dataclass(frozen=True, slots=True)
class Observation:
    """What one observer said of one row's route.

    Attributes:
        seen_by: a listener's name, or a speaker's and its peer's.
        own_word: it is a speaker of ours that says so of itself.
    """

    bgp_prefix_id: UUID
    seen_by: str
    advertised: bool
    own_word: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person should know as long as it lasts.

    Attributes:
        kind: `stage_skipped`, `unanswered`, `absent`, `still_seen`, `lost`, `fed_by_one`,
            `no_next_hop`.
        subject: of what: a stage, a route, a peer.
    """

    kind: str
    subject: str
    detail: str = ""


# All of the last hour, then the last of each hour, for a week: far below the bound.
_SNAPSHOTS: Final = {
    "whole_for": timedelta(hours=1),
    "kept_for": timedelta(days=7),
    "most": 400,
}


class Routes:
    """What is wanted of speakers, and what they were given; single statements, each for itself."""

    def __init__(self, engine: AsyncEngine, ceilings: Ceilings = Ceilings()) -> None:  # noqa: B008 - frozen
        self._autocommit = autocommit_pool(engine)
        self._most_orphans = ceilings.per_minute
        self._removing = asyncio.Lock()  # several speakers at once would each count what is left

    async def known(self, speaker: str) -> Sequence[RouteState]:
        """Every row that is advertised, or that the speaker may have from us."""
        return [_known(row) for row in await self._autocommit.ask(sql.KNOWN, speaker=speaker)]

    async def some(self, speaker: str, ids: Collection[UUID]) -> Sequence[RouteState]:
        """The same, of the routes of these rows only."""
        rows = await self._autocommit.ask(sql.SOME, speaker=speaker, ids=list(ids))
        return [_known(row) for row in rows]

    async def may_hold(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> Collection[UUID]:
        """Read them again, under lock, and note that the speaker will be asked to announce them.

        Those that are still wanted so; before it is asked.
        """
        rows = await self._autocommit.ask(
            sql.MAY_HOLD, speaker=speaker, now=now, **_changes(desired_routes)
        )
        return {row.id for row in rows}

    async def given(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> None:
        """Note that it has announced them."""
        await self._autocommit.ask(sql.GIVEN, speaker=speaker, now=now, **_changes(desired_routes))

    async def may_withdraw(
        self, speaker: str, desired_routes: Collection[DesiredRoute]
    ) -> Collection[UUID]:
        """Read them again, under lock: those that are withdrawn by the ledger, and given by us."""
        rows = await self._autocommit.ask(
            sql.MAY_WITHDRAW, speaker=speaker, **_changes(desired_routes)
        )
        return {row.id for row in rows}

    async def taken(
        self, speaker: str, desired_routes: Collection[DesiredRoute], now: datetime
    ) -> None:
        """Note that it has withdrawn them, unless they were wanted again meanwhile."""
        await self._autocommit.ask(sql.TAKEN, speaker=speaker, now=now, **_changes(desired_routes))

    async def decided(self, speaker: str) -> Collection[Prefix]:
        """Orphans that an operator decided to withdraw."""
        return {
            Prefix(row.cidr) for row in await self._autocommit.ask(sql.DECIDED, speaker=speaker)
        }

    async def may_remove(self, speaker: str, orphans: Collection[Prefix]) -> Collection[Prefix]:
        """Of these, those that may be withdrawn now, noted as such in a ledger of their own.

        Only as operators decided, and as no row wants the route; no more in a minute, of all
        speakers, than the breaker lets through of anything; none while the breaker is open for all.
        """
        asked = {"speaker": speaker, "cidrs": [str(one) for one in orphans]}
        async with self._removing:
            rows = await self._autocommit.ask(sql.MAY_REMOVE, **asked, most=self._most_orphans)
        return {Prefix(row.cidr) for row in rows}

    async def note_orphans(
        self, speaker: str, orphans: Mapping[Prefix, Path], now: datetime
    ) -> None:
        """Keep which orphans it holds: these, and no others."""
        paths = [Jsonb(_shown(path)) for path in orphans.values()]
        cidrs = [str(prefix) for prefix in orphans]
        await self._autocommit.ask(sql.ORPHANS, speaker=speaker, cidrs=cidrs, paths=paths, now=now)

    async def note_speaker(self, state: SpeakerState) -> None:
        """Keep how it was found."""
        await self._autocommit.ask(
            sql.SPEAKER,
            name=state.name,
            stage=state.stage,
            fault=state.fault,
            held=state.held,
            at=state.at,
            loaded=state.loaded,
        )

    async def note_listeners(self, answered: Mapping[str, bool], now: datetime) -> None:
        """Keep who was asked, and whether each answered."""
        names, words = list(answered), list(answered.values())
        await self._autocommit.ask(sql.LISTENERS, names=names, answered=words, now=now)

    async def unsettled(self) -> Sequence[tuple[DesiredRoute, Mapping[str, AppliedRoute]]]:
        """The rows whose last change was not seen everywhere, with their marks by speaker."""
        found: dict[UUID, tuple[DesiredRoute, dict[str, AppliedRoute]]] = {}
        for row in await self._autocommit.ask(sql.UNSETTLED):
            if row.id not in found:
                found[row.id] = (_unsettled(row), {})
            if row.speaker is not None:
                found[row.id][1][row.speaker] = _mark(row)
        return list(found.values())

    async def settle(self, desired_routes: Collection[DesiredRoute]) -> None:
        """Note that these changes were seen everywhere, unless they changed again meanwhile."""
        await self._autocommit.ask(sql.SETTLE, **_changes(desired_routes))

    async def to_observe(self) -> Sequence[DesiredRoute]:
        """The rows that are advertised, or that somebody is said to see."""
        return [_wish(row) for row in await self._autocommit.ask(sql.TO_OBSERVE)]

    async def observed(self, found: Collection[Observation], now: datetime) -> None:
        """Keep what observers said, where it is news; of two words of one, the last."""
        last = {(one.bgp_prefix_id, one.seen_by): one for one in found}.values()
        await self._autocommit.ask(
            sql.OBSERVED,
            ids=[one.bgp_prefix_id for one in last],
            seen_by=[one.seen_by for one in last],
            advertised=[one.advertised for one in last],
            own_word=[one.own_word for one in last],
            now=now,
        )

    async def note_told(self, speakers: Collection[str], now: datetime) -> None:
        """Keep which speakers said of every row of `to_observe` what they send to whom."""
        await self._autocommit.ask(sql.TOLD, speakers=list(speakers), now=now)

    async def let_go(
        self, speakers: Collection[str], sessions: Collection[str], now: datetime
    ) -> None:
        """Nothing is sent to peers that speakers have no session for any more.

        Args:
            speakers: those who said which sessions they have.
            sessions: these, each as `seen_by` names it.
            now: when they said so.
        """
        await self._autocommit.ask(
            sql.LET_GO, speakers=list(speakers), sessions=list(sessions), now=now
        )

    async def standing(self, kind: str) -> Collection[str]:
        """The subjects of a kind of alarm that stand, whoever raised them."""
        return [row.subject for row in await self._autocommit.ask(sql.STANDING, kind=kind)]

    async def alarms(self, kind: str, standing: Collection[Alarm], now: datetime) -> Sequence[str]:
        """Keep which alarms of a kind stand: these, and no others; the subjects of new ones."""
        details = {one.subject: one.detail for one in standing}
        subjects = {"subjects": list(details), "details": list(details.values())}
        return [
            row.subject
            for row in await self._autocommit.ask(sql.ALARMS, kind=kind, now=now, **subjects)
        ]

    async def take_snapshot(self) -> int | None:
        """Keep the applied state under the next number, if it differs from the last; prune.

        Of what is wanted announced only. All of the last hour are kept, then the last of each
        hour, for a week; the time is the database's.
        """
        rows = await self._autocommit.ask(sql.TAKE_SNAPSHOT, **_SNAPSHOTS)
        return rows[0].number if rows else None


def _changes(desired_routes: Iterable[DesiredRoute]) -> dict[str, Any]:
    changes = sorted((one.bgp_prefix_id, one.change) for one in desired_routes)
    return {"ids": [one for one, _ in changes], "changes": [change for _, change in changes]}


def _known(row: AnyRow) -> RouteState:
    return RouteState(_wish(row), AppliedRoute() if row.may_hold is None else _mark(row))


def _mark(row: AnyRow) -> AppliedRoute:
    return AppliedRoute(row.may_hold, row.given, row.given_change)


def _unsettled(row: AnyRow) -> DesiredRoute:
    return replace(
        _wish(row), turned=row.turned, superseded=row.superseded, account_id=row.account_id
    )


def _wish(row: AnyRow) -> DesiredRoute:
    return DesiredRoute(
        bgp_prefix_id=row.id,
        claim_id=row.prefix_id,
        route=Route(Prefix(row.cidr), Asn(row.asn), row.prepend),
        advertised=row.advertised,
        change=row.change,
        settled=row.settled,
        at=row.at,
        withdrawal_id=row.withdrawal_id,
        request_id=row.request_id,
    )


def _shown(path: Path) -> dict[str, Any]:
    return {
        "as_path": [one.number for one in path.as_path],
        "next_hop": str(path.next_hop),
        "communities": sorted(str(one) for one in path.communities),
    }
