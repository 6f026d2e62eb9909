"""Who follows the service by long polls: an edge the feed of bindings, customers their events."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.many_routes import Owner
from tests.real.announcing import Announcing

EDGE = "fra1"
_WAIT_SECONDS = 10
_PAUSE_SECONDS = 0.3
_GO_ON = re.compile(r"go on after (\d+)(?: with the epoch (\w+))?")


@dataclass
class Follower:
    """One that asks again for as long as it runs."""

    service: Announcing
    token: str
    http: httpx.AsyncClient

    async def follow(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take steps until cancelled; the API may be away."""
        while True:
            try:
                await step()
            except httpx.TransportError:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """None: the database is away."""
        answer = await self.http.request(
            method,
            f"{self.service.url}/client/v4{path}",
            headers={"authorization": f"Bearer {self.token}"},
            timeout=60,
            **more,
        )
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            await asyncio.sleep(_PAUSE_SECONDS)
            return None
        assert answer.is_success or answer.status_code == httpx.codes.CONFLICT, answer.text
        return answer


@dataclass
class EdgeController(Follower):
    """An edge: what answers there, by binding, and which change that is as of."""

    feed: str = ""
    number: int = 0
    bound: dict[str, tuple[str, str]] = field(default_factory=dict)
    began: int = 0  # how often it took the full state

    async def register(self) -> None:
        """As an operator does; then it is in service once it has acknowledged."""
        body = {"drained": False, "reason": "a test"}
        answer = await self.ask("PUT", f"/operator/edge/edges/{EDGE}", json=body)
        assert answer is not None
        assert answer.is_success, answer.text

    async def step(self) -> None:
        """Take the full state, or the next changes; then acknowledge."""
        if not self.feed:
            await self._begin()
        elif not await self._go_on():
            return
        await self._acknowledge()

    async def state(self) -> dict[str, tuple[str, str]] | None:
        """What the service says that is bound."""
        if (answer := await self.ask("GET", "/operator/edge/state")) is None:
            return None
        return _ranges(answer.json()["result"])

    async def _begin(self) -> None:
        if (answer := await self.ask("GET", "/operator/edge/state")) is None:
            return
        told = answer.json()["result"]
        self.feed, self.number, self.bound = told["feed"], told["number"], _ranges(told)
        self.began += 1

    async def _go_on(self) -> bool:
        asked = {"feed": self.feed, "after": self.number, "wait": _WAIT_SECONDS}
        if (answer := await self.ask("GET", "/operator/edge/changes", params=asked)) is None:
            return False
        if not answer.is_success:
            self.feed = ""
            return False
        for change in answer.json()["result"]:
            if change["feed"] != self.feed:
                self.feed = ""
                return False
            self.number = change["number"]
            self.bound.pop(change["binding_id"], None)
            if change["service"]:
                self.bound[change["binding_id"]] = (change["cidr"], change["service"]["id"])
        return True

    async def _acknowledge(self) -> None:
        if not self.feed:
            return
        body = {"edge": EDGE, "feed": self.feed, "number": self.number}
        answer = await self.ask("POST", "/operator/edge/acknowledgements", json=body)
        if answer is not None and not answer.is_success:
            self.feed = ""


@dataclass
class Reader(Follower):
    """A customer's program: the events of an account that it knows, by their numbers."""

    account: str = ""
    epoch: str | None = None
    known: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, service: Announcing, owner: Owner, http: httpx.AsyncClient) -> "Reader":
        """Of this account."""
        return cls(service, owner.token, http, owner.account_id.hex)

    async def step(self) -> None:
        """Wait for the next events."""
        answer = await self._events(max(self.known, default=0), _WAIT_SECONDS)
        if answer is None:
            return
        if not answer.is_success:
            told = _GO_ON.search(answer.text)
            assert told, answer.text
            self.epoch = told[2] or self.epoch
            self.known = {one: kind for one, kind in self.known.items() if one <= int(told[1])}
            return
        self._take(answer)

    async def missed(self) -> list[str]:
        """What another one reads from the beginning, and this one did not, or otherwise."""
        fresh = Reader(self.service, self.token, self.http, self.account)
        while (answer := await fresh._events(max(fresh.known, default=0), 0)) is None or (
            fresh._take(answer)
        ):
            pass
        return [
            f"event {number}: {kind}, known as {self.known.get(number)}"
            for number, kind in fresh.known.items()
            if self.known.get(number) != kind
        ]

    async def _events(self, after: int, wait: int) -> httpx.Response | None:
        asked = {"after": after, "wait": wait} | ({"epoch": self.epoch} if self.epoch else {})
        return await self.ask("GET", f"/accounts/{self.account}/addressing/events", params=asked)

    def _take(self, answer: httpx.Response) -> bool:
        told = answer.json()
        self.epoch = told["result_info"]["epoch"]
        self.known |= {one["number"]: f"{one['kind']} {one['at']}" for one in told["result"]}
        return bool(told["result"])


def _ranges(state: Any) -> dict[str, tuple[str, str]]:
    return {one["binding_id"]: (one["cidr"], one["service"]["id"]) for one in state["bindings"]}
