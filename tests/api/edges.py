"""An edge and a customer with bindings, as they call the API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.credential import Scope
from byoip.store.claims.event_notifier import EventNotifier
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.store.test_event_notifier import listens

FEED = "0" * 32


@pytest.fixture
def engine(own_engine: AsyncEngine) -> AsyncEngine:
    """A database of its own: the feed is the same for all."""
    return own_engine


@dataclass
class Edge(Operator):
    """A machine with a token that opens the feed."""

    async def acknowledge(self, name: str, number: int) -> Any:
        body = await self.acknowledgement(name, number)
        return await self.result("POST", "/edge/acknowledgements", json=body)

    async def acknowledgement(self, name: str, number: int) -> dict[str, Any]:
        return {"edge": name, "feed": await self.feed(), "number": number}

    async def feed(self) -> str:
        found: str = (await self.result("GET", "/edge/state"))["feed"]
        return found


async def register(operator: Operator, *names: str) -> None:
    for name in names:
        body = {"drained": False, "reason": WHY}
        await operator.result("PUT", f"/edge/edges/{name}", json=body)


@pytest.fixture
async def edge(world: World) -> Edge:
    return Edge(world, await world.credential(None, [Scope.EDGE_READ, Scope.EDGE_ACK]))


@dataclass
class Customer:
    """A customer with an approved prefix."""

    world: World
    prefix_id: str
    cidr: str

    @property
    def path(self) -> str:
        return f"/prefixes/{self.prefix_id}/bindings"

    async def service(self, name: str) -> str:
        [found] = [one.id.hex for one in await self.world.services() if one.name == name]
        return found

    async def bind(self, service: str = "CDN") -> dict[str, Any]:
        body = {"cidr": self.cidr, "service_id": await self.service(service)}
        made: dict[str, Any] = await self.world.result("POST", self.path, json=body)
        return made

    async def swap(self, binding: dict[str, Any], service: str) -> dict[str, Any]:
        body = {"service_id": await self.service(service)}
        path = f"{self.path}/{binding['id']}"
        made: dict[str, Any] = await self.world.result("PATCH", path, json=body)
        return made


@pytest.fixture
async def customer(world: World) -> Customer:
    return Customer(world, *await world.approved())


@pytest.fixture
async def listening(world: World) -> AsyncIterator[EventNotifier]:
    notifier = world.backend.notifier
    async with notifier.listening():
        await listens(notifier)
        yield notifier
