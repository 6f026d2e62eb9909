"""Edges that follow the feed of bindings, as use cases see them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from byoip.domain.bindings.edge import lacking
from byoip.domain.bindings.service_binding import Provisioning, ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.bindings.tables import bindings as rows
from byoip.store.bindings.views import EdgeView
from byoip.usecases.bindings import bindings
from byoip.usecases.bindings import edges as edge_verbs
from byoip.usecases.bindings import services as service_verbs
from byoip.usecases.bindings.converge import ConvergeBindings
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, World

WHY = "a ticket"
PART = "31.0.0.0/24"
ACTIVE, PROVISIONING = Provisioning.ACTIVE, Provisioning.PROVISIONING
INSIDE, BESIDE = IPv4Address("31.0.0.7"), IPv4Address("31.0.1.7")


@dataclass
class Edges:
    """Short ways to speak as an edge, an operator and a customer."""

    world: World
    services: dict[str, UUID]
    claim: Claim = field(init=False)

    def __post_init__(self) -> None:
        self.feed = EdgeReader(self.world.engine)

    async def heard(self, *names: str, number: int | None = None) -> None:
        reached = await self.feed.newest() if number is None else number
        known = await self.states()
        for name in names:
            if name not in known:
                await self.put(name, drained=False)
            await self.acknowledge(name, reached)

    async def acknowledge(self, name: str, number: int, feed: UUID | None = None) -> None:
        of = feed or await self.feed.feed_name()
        await self._write(edge_verbs.acknowledge, edge=name, feed=of, number=number)

    async def put(self, name: str, *, drained: bool) -> None:
        await self._write(edge_verbs.put, edge=name, drained=drained, reason=WHY)

    async def remove(self, name: str) -> None:
        await self._write(edge_verbs.remove, edge=name, reason=WHY)

    async def _write(self, verb: Callable[..., Awaitable[EdgeView]], **asked: Any) -> None:
        await Verb(self.world.store, verb)(**asked, by=BY)
        await ConvergeBindings(self.world.store)(by=BY)

    async def bind(self, cidr: str = CIDR, service: str = "CDN") -> UUID:
        return await self.world.bind(self.claim, cidr, self.services[service])

    async def swap(self, binding: UUID, service: str) -> ServiceBinding:
        swap = Verb(self.world.store, bindings.swap)
        wanted = self.services[service]
        view = await swap(self.claim.account_id, self.claim.id, binding, service_id=wanted, by=BY)
        return view.binding

    async def unbind(self, binding: UUID) -> None:
        unbind = Verb(self.world.store, bindings.unbind)
        await unbind(self.claim.account_id, self.claim.id, binding, by=BY)

    async def retire(self, service: str) -> None:
        retire = Verb(self.world.store, service_verbs.retire)
        await retire(self.services[service], reason=WHY, by=BY)

    async def state(self, binding: UUID) -> Provisioning:
        reader, claim = self.world.reader, self.claim
        return (await reader.binding(claim.account_id, claim.id, binding)).binding.state

    async def lacking(self, binding: UUID) -> list[str]:
        async with self.world.store.transaction() as tx:
            change = select(rows.c.change).where(rows.c.id == binding)
            acknowledging = (await tx.connection.execute(change)).scalar_one()
            return lacking(await tx.edges.all(), acknowledging)

    async def answers(self, address: IPv4Address) -> str | None:
        """What operators are told."""
        reader = OperatorReader(self.world.engine)
        (holding,) = (await reader.address(address, self.world.clock.now())).holdings
        answering = holding.binding.answered_by if holding.binding else None
        return answering.name if answering else None

    async def states(self) -> dict[str, tuple[bool, bool, int]]:
        views = await self.feed.edges()
        return {
            one.edge.name: (one.edge.counts, one.edge.drained, one.edge.acknowledged)
            for one in views
        }


@pytest.fixture
async def edges(world: World, services: dict[str, UUID]) -> Edges:
    made = Edges(world, services)
    made.claim = await world.approved()
    return made
