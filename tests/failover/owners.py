"""Owners who write without a pause: each write is repeated until it is acknowledged, and noted."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from byoip.domain.prefix import Prefix
from tests.failover.wishes import Wish, Wishes, now
from tests.many_routes import OwnedRoute
from tests.real.announcing import Announcing

_AT_ONCE = 4
_PAUSE_SECONDS = 0.2
_DATABASE_AWAY = 503
_NO_CHANGE = "no_change"


@dataclass(frozen=True, slots=True)
class Write:
    """What an owner sends about a route, and what it wants with that.

    Attributes:
        path: below the claim's own.
        up: whether the route is to be announced from now on; None: as before.
    """

    route: OwnedRoute
    method: str
    path: str
    body: Any = None
    up: bool | None = None
    prepend: int | None = None

    @property
    def url(self) -> str:
        """Below the API's root."""
        return f"{self.route.path.partition('/bgp/')[0]}{self.path}"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A write that was answered with success.

    Attributes:
        sent: when it was sent for the last time.
        changed: whether it did: what was so already leaves nothing in the histories.
    """

    write: Write
    request: str
    sent: datetime
    at: datetime
    changed: bool


@dataclass
class Owners:
    """All owners of some routes.

    Attributes:
        plan: what they have still to write, the next one last.
        refused: what was answered where the database was away for a write, which was sent again.
    """

    service: Announcing
    plan: list[Write] = field(default_factory=list)
    written: list[Acknowledged] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    wishes: Wishes = field(default_factory=Wishes)
    _prepends: dict[str, int] = field(default_factory=dict)
    _busy: dict[OwnedRoute, asyncio.Lock] = field(default_factory=dict)
    _sent: int = 0

    def have_announced(self, routes: Sequence[OwnedRoute]) -> None:
        """These are up from the beginning."""
        for route in routes:
            self.service.wanted[route.cidr] = 0
            self.wishes.of[Prefix.parse(route.cidr)].append(Wish(up=True, began=now()))

    async def carry_on(self) -> None:
        """Write all that is planned, some at a time, and each route's in order."""

        async def owner(http: httpx.AsyncClient) -> None:
            while self.plan:
                write = self.plan.pop()
                async with self._busy.setdefault(write.route, asyncio.Lock()):
                    await self._send(http, write)
                await asyncio.sleep(_PAUSE_SECONDS)

        async with httpx.AsyncClient(timeout=40) as http:
            await asyncio.gather(*(owner(http) for _ in range(_AT_ONCE)))

    async def send(self, *writes: Write) -> None:
        """These, one after the other."""
        async with httpx.AsyncClient(timeout=40) as http:
            for write in writes:
                await self._send(http, write)

    async def send_once(self, write: Write) -> int:
        """This one, whatever comes of it; what is refused is no wish. The status."""
        wish = self._wish(write)
        headers = {"authorization": f"Bearer {write.route.owner.token}"}
        url = f"{self.service.url}{write.url}"
        async with httpx.AsyncClient(timeout=40) as http:
            answer = await http.request(write.method, url, json=write.body, headers=headers)
        if answer.is_success:
            self._now_wanted(write)
        if wish and answer.is_success:
            wish.ended = now()
        elif wish:
            self.wishes.of[Prefix.parse(write.route.cidr)].remove(wish)
        return answer.status_code

    async def _send(self, http: httpx.AsyncClient, write: Write) -> None:
        wish = self._wish(write)
        self._sent += 1
        request = f"owner-{self._sent}"
        headers = {
            "authorization": f"Bearer {write.route.owner.token}",
            "x-request-id": request,
            "idempotency-key": request,
        }
        while True:
            sent = now()
            try:
                url = f"{self.service.url}{write.url}"
                answer = await http.request(write.method, url, json=write.body, headers=headers)
            except httpx.TransportError:  # the API is started again
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if answer.is_success:
                break
            assert answer.status_code == _DATABASE_AWAY, (write, answer.text)
            self.refused.append(f"{now() - sent}: {answer.text}")
            await asyncio.sleep(_PAUSE_SECONDS)
        changed = all(one["name"] != _NO_CHANGE for one in answer.json()["messages"])
        self.written.append(Acknowledged(write, request, sent, now(), changed))
        if wish:
            wish.ended = now()
        self._now_wanted(write)

    def _wish(self, write: Write) -> Wish | None:
        if write.up is None:
            return None
        wish = Wish(write.up, now())
        self.wishes.of[Prefix.parse(write.route.cidr)].append(wish)
        return wish

    def _now_wanted(self, write: Write) -> None:
        cidr, wanted = write.route.cidr, self.service.wanted
        if write.prepend is not None:
            self._prepends[cidr] = write.prepend
        up = cidr in wanted if write.up is None else write.up
        wanted.pop(cidr, None)
        if up:
            wanted[cidr] = self._prepends.get(cidr, 0)


def announce(route: OwnedRoute, *, up: bool) -> Write:
    """Announce, or withdraw."""
    return Write(route, "PATCH", _bgp(route), {"on_demand": {"advertised": up}}, up=up)


def prepend(route: OwnedRoute, count: int) -> Write:
    return Write(route, "PATCH", _bgp(route), {"asn_prepend_count": count}, prepend=count)


def describe(route: OwnedRoute, text: str) -> Write:
    return Write(route, "PATCH", "", {"description": text})


def bind_half(route: OwnedRoute, service: str) -> Write:
    """Bind a service to the first half of the prefix."""
    half = route.cidr.replace("/24", "/25")
    return Write(route, "POST", "/bindings", {"cidr": half, "service_id": service})


def offboard(route: OwnedRoute) -> Write:
    return Write(route, "POST", "/offboard", up=False)


def planned(up: Sequence[OwnedRoute], down: Sequence[OwnedRoute], service: str) -> list[Write]:
    """Some of each kind of write, in an order that is the same in every run."""
    stories = [[announce(one, up=True), describe(one, "new")] for one in down]
    for number, one in enumerate(up):
        stories.append(
            [
                [announce(one, up=False), describe(one, "gone")],
                [announce(one, up=False), announce(one, up=True)],
                [prepend(one, 2), announce(one, up=False), announce(one, up=True)],
                [describe(one, "a"), bind_half(one, service), describe(one, "b")],
                [prepend(one, 1), announce(one, up=False), prepend(one, 0)],
            ][number % 5]
        )
    order = [number for number, story in enumerate(stories) for _ in story]
    random.Random(11).shuffle(order)  # noqa: S311 - no secret
    waiting = [iter(story) for story in stories]
    return [next(waiting[number]) for number in order][::-1]


def _bgp(route: OwnedRoute) -> str:
    return f"/bgp{route.path.partition('/bgp')[2]}"
