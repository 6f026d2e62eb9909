"""byoip as it announces in production: an API, two workers, two speakers, a router that listens."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString, TypeAlias
from urllib.parse import urlsplit

import httpx
import psycopg

from byoip.adapters.postgres.embedded import EmbeddedPostgres
from byoip.domain.prefix import Prefix
from byoip.ports.speakers.speaker import SpeakerUnanswered
from tests.databases import directory_open_to_all
from tests.end_to_end.fleet import Fleet, fleet_of
from tests.many_routes import ORIGIN, OwnedRoute
from tests.real.bird_router import Change as Lost
from tests.real.edge import Edge, running_edge

ROAS = (
    {"prefix": "20.0.0.0/8", "asn": ORIGIN, "maxLength": 24, "ta": "ripe"},
    {"prefix": "2410::/16", "asn": ORIGIN, "maxLength": 48, "ta": "ripe"},
)
BATCH_LIMIT = 8  # customers who ask at the same time
_PATIENCE_SECONDS = 45.0  # until everything is as it is wanted
_TRY_AGAIN_SECONDS = 0.2
_ON_ITS_WAY = timedelta(seconds=10)  # for a withdrawal that was overtaken by an announcement

Absence: TypeAlias = tuple[datetime, datetime | None]
"""When an owner asked for a withdrawal, and when it was wanted back."""

_RECONCILING: LiteralString = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = 'byoip routes'
"""
_KNOWN: LiteralString = "INSERT INTO speaker_records (speaker) SELECT unnest(%s::text[])"
_WIDE: LiteralString = """
SELECT count(*) FROM bgp_prefixes b WHERE b.settled < b.change AND b.change > 1
    OR b.advertised AND (SELECT count(*) FROM applied_routes a WHERE a.bgp_prefix_id = b.id
        AND a.advertised AND a.change = b.change AND a.speaker = ANY(%s)) < %s
    OR NOT b.advertised AND EXISTS (SELECT FROM applied_routes a WHERE a.bgp_prefix_id = b.id
        AND (a.advertised OR a.may_hold))
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What an owner asks for; what is None stays as it is."""

    route: OwnedRoute
    advertised: bool | None = None
    prepend: int | None = None

    @property
    def body(self) -> dict[str, Any]:
        """As the API takes it."""
        made: dict[str, Any] = {}
        if self.advertised is not None:
            made["on_demand"] = {"advertised": self.advertised}
        if self.prepend is not None:
            made["asn_prepend_count"] = self.prepend
        return made


@dataclass
class Announcing:
    """The processes, what they speak to, and what owners have asked of them so far."""

    database_url: str
    fleet: Fleet
    edge: Edge
    server: EmbeddedPostgres | None = None  # if it is one of its own
    url: str = ""
    asked: int = 0
    wanted: dict[str, int] = field(default_factory=dict)  # advertised: how often prepended
    absences: defaultdict[Prefix, list[Absence]] = field(default_factory=lambda: defaultdict(list))
    _prepends: dict[str, int] = field(default_factory=dict)

    async def start(self) -> None:
        """An API and two workers, of which one reconciles by then; at the same port as before."""
        for _ in range(2):
            self.fleet.start("worker")
        self.url = await self.fleet.start_api(urlsplit(self.url).port or 0)

        async def reconciling() -> bool:
            return bool(self.one(_RECONCILING))

        await self.fleet.eventually(reconciling)

    @property
    def api(self) -> Any:
        """Its process; the workers stand before it."""
        return self.fleet.processes[-1]

    async def restart_api(self) -> None:
        """At the same port, after it was killed."""
        self.api.wait()
        self.url = await self.fleet.start_api(urlsplit(self.url).port or 0)

    async def stop(self) -> None:
        """All processes, in order."""
        for process in self.fleet.processes:
            process.terminate()
        for process in self.fleet.processes:
            await asyncio.to_thread(process.wait, 40)
        self.fleet.processes.clear()

    async def ask(self, changes: Sequence[Change]) -> None:
        """Ask for all of them, each route's in order; a customer without an answer asks again."""
        queue = list(reversed(changes))
        busy: dict[OwnedRoute, asyncio.Lock] = {one.route: asyncio.Lock() for one in changes}

        async def customer(http: httpx.AsyncClient) -> None:
            while queue:
                change = queue.pop()
                async with busy[change.route]:
                    await self._ask(http, change)

        async with httpx.AsyncClient(timeout=10) as http:
            await asyncio.gather(*(customer(http) for _ in range(BATCH_LIMIT)))

    async def _ask(self, http: httpx.AsyncClient, change: Change) -> None:
        route = change.route
        cidr = route.cidr
        absences = self.absences[Prefix.parse(cidr)]
        if change.advertised is False:
            absences.append((_now(), None))
        while True:
            try:
                answer = await http.patch(
                    f"{self.url}{route.path}",
                    json=change.body,
                    headers={"authorization": f"Bearer {route.owner.token}"},
                )
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.is_success:
                break
            assert answer is None or answer.status_code in {500, 503}, answer.text
            await asyncio.sleep(_TRY_AGAIN_SECONDS)
        self.asked += 1
        if change.advertised and absences:
            absences[-1] = (absences[-1][0], _now())
        if change.prepend is not None:
            self._prepends[cidr] = change.prepend
        out = cidr in self.wanted if change.advertised is None else change.advertised
        self.wanted.pop(cidr, None)
        if out:
            self.wanted[cidr] = self._prepends.get(cidr, 0)

    async def until_everything_is_as_wanted(self) -> None:
        """Desired, applied, observed: in the database, at every speaker, and at the router."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        while lacking := await self._lacking():
            assert loop.time() < deadline, lacking
            await asyncio.sleep(0.2)

    async def until_shown_as_wanted(self, routes: Sequence[OwnedRoute]) -> None:
        """The same three as the API shows them; what was seen is looked at again by the clock."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        while odd := [one for one in await self.shown(routes) if not self._as_wanted(one)]:
            assert loop.time() < deadline, odd[0]
            await asyncio.sleep(0.5)

    def _as_wanted(self, one: Mapping[str, Any]) -> bool:
        states = {one[state]["advertised"] for state in ("desired", "applied", "observed")}
        return states == {one["cidr"] in self.wanted}

    async def _lacking(self) -> str:
        if many := self.one(_WIDE, list(self.edge.speakers), len(self.edge.speakers)):
            return f"{many} routes are not settled and confirmed by every speaker"
        for name, speaker in self.edge.speakers.items():
            held = {str(one.prefix): len(one.as_path) for one in await speaker.held()}
            if held != self.wanted:
                return f"{name} holds {len(held)} routes, wanted are {len(self.wanted)}"
        return ""

    async def seen(self, cidrs: Sequence[str]) -> set[str]:
        """Those of them that the router sees; it says nothing while its sessions are too young."""
        loop, asked = asyncio.get_running_loop(), [Prefix.parse(cidr) for cidr in cidrs]
        deadline = loop.time() + _PATIENCE_SECONDS
        while True:
            try:
                return {str(prefix) for prefix in await self.edge.listener.sees(asked)}
            except SpeakerUnanswered:
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(0.5)

    async def shown(self, routes: Sequence[OwnedRoute]) -> list[dict[str, Any]]:
        """As the API shows them."""
        shown = []
        async with httpx.AsyncClient(timeout=10) as http:
            for route in routes:
                headers = {"authorization": f"Bearer {route.owner.token}"}
                answer = await http.get(f"{self.url}{route.path}", headers=headers)
                shown.append(answer.raise_for_status().json()["result"])
        return shown

    def unasked(self) -> dict[str, list[str]]:
        """What the router lost while its owner wanted it announced, and all it saw of it."""
        lost = {loss.prefix for loss in self.edge.router.losses() if not self._asked_for(loss)}
        seen: dict[str, list[str]] = {str(prefix): [] for prefix in lost}
        for change in self.edge.router.changes():
            if change.prefix in lost:
                words = f"{change.at:%H:%M:%S.%f} {change.speaker} {change.what}"
                seen[str(change.prefix)].append(words)
        return seen

    def _asked_for(self, loss: Lost) -> bool:
        return any(
            began <= loss.at and (ended is None or loss.at <= ended + _ON_ITS_WAY)
            for began, ended in self.absences[loss.prefix]
        )

    def one(self, query: LiteralString, *values: object) -> Any:
        """The one value of the one row."""
        with psycopg.connect(self.database_url) as connection:
            ((value,),) = connection.execute(query, values).fetchall()
        return value


def _now() -> datetime:
    return datetime.now()  # noqa: DTZ005 - as the router writes it down


def shuffled(changes: Sequence[Sequence[Change]], dice: random.Random) -> list[Change]:
    """All routes' changes in a mix, each route's in their order."""
    order = [number for number, each in enumerate(changes) for _ in each]
    dice.shuffle(order)
    waiting: list[Iterator[Change]] = [iter(each) for each in changes]
    return [next(waiting[number]) for number in order]


@contextmanager
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A server that may be killed: it keeps what it has promised."""
    with directory_open_to_all() as directory, EmbeddedPostgres(directory / "postgres") as server:
        yield server


@asynccontextmanager
async def announcing(directory: Path, *, graceful: bool) -> AsyncIterator[Announcing]:
    """Nothing started yet but Postgres, the speakers and the router."""
    with own_postgres() as server:
        async with announcing_on(server.database_url, directory, graceful=graceful) as service:
            service.server = server
            yield service


@asynccontextmanager
async def announcing_on(
    database_url: str, directory: Path, *, graceful: bool, known: bool = True, **settings: str
) -> AsyncIterator[Announcing]:
    """The same on a database that is there; its speakers are on record, unless told otherwise."""
    async with (
        running_edge("one", "two", graceful=graceful) as edge,
        fleet_of(
            database_url,
            directory,
            roas=ROAS,
            more=speakers_of(edge),
            BYOIP_RECONCILE_SECONDS="1",
            BYOIP_ABSENT_SECONDS="30",
            BYOIP_NEXT_HOP4="192.0.2.1",
            BYOIP_NEXT_HOP6="2001:db8::1",
            **settings,
        ) as fleet,
    ):
        if known:
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(_KNOWN, [list(edge.daemons)])
        yield Announcing(database_url, fleet, edge)


def speakers_of(edge: Edge) -> str:
    """As settings name them, and the router."""
    tables = [
        f'[[speakers]]\nname = "{name}"\naddress = "{daemon.target}"\n'
        for name, daemon in edge.daemons.items()
    ]
    listener = f'[[listeners]]\nname = "router"\nsocket = "{edge.router.control}"\n'
    return "\n".join(["", *tables, listener])
