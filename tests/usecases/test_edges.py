"""Edges on a real Postgres: when bindings take effect, and that nothing is without an answer."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_network
from typing import Any
from uuid import UUID

import pytest

from byoip.domain.bindings.edge import (
    ChangeNotMadeYet,
    EdgeBehind,
    EdgeChange,
    EdgeNotFound,
    EdgeRemoved,
    FeedReplaced,
    InvalidEdgeName,
)
from byoip.domain.bindings.offered_service import ServiceInUse, ServiceNotOffered
from byoip.domain.bindings.service_binding import BindingExists, Provisioning, ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.domain.routes.bgp_prefix import IncompleteBgpDeployment
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.bindings.views import EdgeView
from byoip.usecases.bindings import bindings
from byoip.usecases.bindings import edges as edge_verbs
from byoip.usecases.bindings import services as service_verbs
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.claims import prefixes
from byoip.usecases.routes import bgp_prefixes
from tests.seeds import seeds
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
            return list(await tx.edges.lacking(binding))

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


async def test_without_edges_a_binding_is_active_at_once(edges: Edges) -> None:
    binding = await edges.bind()
    assert await edges.state(binding) is ACTIVE
    assert (await edges.swap(binding, "Spectrum")).state is ACTIVE
    assert await edges.answers(INSIDE) == "Spectrum"
    assert await edges.lacking(binding) == []


async def test_a_binding_is_active_when_a_majority_has_it_and_announced_when_all_have(
    edges: Edges,
) -> None:
    await edges.heard("ams1", "fra1", "lon1")
    binding = await edges.bind()
    assert await edges.answers(INSIDE) is None
    seen = []
    for name in ("ams1", "fra1", "lon1"):
        seen.append((await edges.state(binding), await edges.lacking(binding)))
        await edges.heard(name)
    seen.append((await edges.state(binding), await edges.lacking(binding)))
    assert seen == [
        (PROVISIONING, ["ams1", "fra1", "lon1"]),
        (PROVISIONING, ["fra1", "lon1"]),
        (ACTIVE, ["lon1"]),
        (ACTIVE, []),
    ]
    assert await edges.answers(INSIDE) == "CDN"
    last = (await edges.world.events(edges.claim))[-1]
    shown = {"binding_id": binding.hex, "cidr": CIDR, "service_id": edges.services["CDN"].hex}
    assert (last.kind, last.before, last.after) == ("binding.active", {}, shown)
    assert (await edges.world.kinds(edges.claim)).count("binding.active") == 1


async def test_announcing_does_not_wait_for_a_drained_edge_and_a_majority_does(
    edges: Edges,
) -> None:
    await edges.heard("ams1", "fra1", "lon1")
    binding = await edges.bind()
    for name in ("fra1", "lon1"):
        await edges.put(name, drained=True)
    await edges.heard("ams1")
    assert (await edges.state(binding), await edges.lacking(binding)) == (PROVISIONING, [])
    await edges.heard("fra1")  # drained edges may acknowledge
    assert await edges.state(binding) is ACTIVE
    await edges.remove("lon1")
    assert await edges.lacking(binding) == []


async def test_an_edge_that_is_behind_stays_drained_until_it_has_caught_up(edges: Edges) -> None:
    await edges.heard("ams1", "fra1", "lon1")
    await edges.put("fra1", drained=True)
    binding = await edges.bind()
    await edges.heard("ams1", "lon1")
    assert (await edges.state(binding), await edges.lacking(binding)) == (ACTIVE, [])
    with pytest.raises(EdgeBehind, match=r"change 0, .* to 1"):
        await edges.put("fra1", drained=False)
    assert (await edges.states())["fra1"] == (True, True, 0)
    await edges.heard("fra1")
    await edges.put("fra1", drained=False)
    assert await edges.lacking(binding) == []


async def test_what_is_unbound_since_holds_no_edge_back(edges: Edges) -> None:
    await edges.heard("ams1", "fra1")
    await edges.put("fra1", drained=True)
    await edges.unbind(await edges.bind())
    await edges.put("fra1", drained=False)


async def test_no_edge_comes_back_while_something_is_announced(edges: Edges) -> None:
    await edges.heard("ams1", "fra1")
    await edges.put("fra1", drained=True)
    async with edges.world.store.transaction() as tx:
        await tx.edges.together()
        back = asyncio.create_task(edges.put("fra1", drained=False))
        await asyncio.sleep(0.3)
        assert not back.done()
    await back


async def test_in_a_feed_that_begins_anew_every_edge_has_to_acknowledge_again(
    edges: Edges,
) -> None:
    binding = await edges.bind()
    await edges.heard("ams1", "fra1")
    old = await edges.feed.feed_name()
    async with edges.world.store.transaction() as tx:
        new = await tx.edges.begin_feed()
    assert new != old
    assert [one.feed for one in await edges.feed.changes(after=0, limit=9)] == [new]
    assert (await edges.feed.state()).feed == new == await edges.feed.feed_name()
    assert (await edges.state(binding), await edges.lacking(binding)) == (ACTIVE, ["ams1", "fra1"])
    part = await edges.bind(PART)
    assert await edges.state(part) is PROVISIONING
    with pytest.raises(FeedReplaced):
        await edges.acknowledge("ams1", 1, old)
    await edges.heard("ams1", "fra1")
    assert (await edges.state(part), await edges.lacking(binding)) == (ACTIVE, [])


async def test_where_all_edges_are_drained_nothing_is_announced(edges: Edges) -> None:
    await edges.heard("ams1")
    before = await edges.bind()
    await edges.heard("ams1")
    await edges.put("ams1", drained=True)
    part = await edges.bind(PART)
    assert await edges.state(part) is PROVISIONING
    assert await edges.lacking(before) == ["ams1"]
    await edges.heard("ams1")
    assert await edges.state(part) is ACTIVE
    assert await edges.lacking(before) == ["ams1"]
    await edges.put("ams1", drained=False)
    assert await edges.lacking(before) == []


async def test_a_new_edge_counts_for_nothing_until_it_has_the_full_state(edges: Edges) -> None:
    await edges.heard("ams1")
    binding = await edges.bind()
    await edges.heard("fra1", number=0)  # it has begun, and has nothing yet
    assert await edges.states() == {"ams1": (True, False, 0), "fra1": (False, False, 0)}
    await edges.heard("ams1")
    assert (await edges.state(binding), await edges.lacking(binding)) == (ACTIVE, [])
    await edges.heard("fra1")
    assert await edges.states() == {"ams1": (True, False, 1), "fra1": (True, False, 1)}
    part = await edges.bind(PART)
    await edges.heard("ams1")
    assert (await edges.state(part), await edges.lacking(part)) == (PROVISIONING, ["fra1"])


async def test_the_first_edge_alone_holds_nothing_up_while_it_joins(edges: Edges) -> None:
    await edges.bind()
    await edges.heard("ams1", number=0)
    assert await edges.state(await edges.bind(PART)) is ACTIVE


async def test_an_older_number_is_no_step_back_and_none_is_ahead(edges: Edges) -> None:
    await edges.bind()
    await edges.heard("ams1", number=1)
    await edges.heard("ams1", number=0)
    assert await edges.states() == {"ams1": (True, False, 1)}
    with pytest.raises(ChangeNotMadeYet):
        await edges.heard("ams1", number=2)
    with pytest.raises(EdgeNotFound, match="operator"):
        await edges.acknowledge("fra1", 1)  # a slip of the pen is no edge
    with pytest.raises(InvalidEdgeName):
        await edges.acknowledge("Not a name", 1)
    assert await edges.states() == {"ams1": (True, False, 1)}


async def test_a_removed_edge_does_not_come_back_by_itself(edges: Edges) -> None:
    await edges.heard("ams1", "fra1")
    binding = await edges.bind()
    await edges.heard("ams1")
    await edges.remove("fra1")
    assert await edges.state(binding) is ACTIVE
    with pytest.raises(EdgeRemoved):
        await edges.acknowledge("fra1", 1)
    with pytest.raises(EdgeNotFound):
        await edges.remove("fra1")
    await edges.put("fra1", drained=False)
    assert (await edges.states())["fra1"] == (False, False, 0)
    assert await edges.lacking(binding) == []
    await edges.heard("fra1")
    assert (await edges.states())["fra1"] == (True, False, 1)


async def test_without_the_last_edge_what_waited_takes_effect(edges: Edges) -> None:
    await edges.heard("ams1")
    binding = await edges.bind()
    await edges.remove("ams1")
    assert await edges.state(binding) is ACTIVE
    assert await edges.state(await edges.bind(PART)) is ACTIVE


async def test_the_old_service_answers_until_the_new_one_is_acknowledged(edges: Edges) -> None:
    binding = await edges.bind()
    await edges.heard("ams1")
    swapped = await edges.swap(binding, "Spectrum")
    assert (swapped.state, swapped.service.name) == (PROVISIONING, "Spectrum")
    assert await edges.answers(INSIDE) == "CDN"
    with pytest.raises(ServiceInUse, match="1 bindings"):
        await edges.retire("CDN")
    await edges.heard("ams1")
    assert (await edges.state(binding), await edges.answers(INSIDE)) == (ACTIVE, "Spectrum")
    await edges.retire("CDN")


async def test_a_service_is_in_use_while_any_edge_in_service_may_answer_with_it(
    edges: Edges,
) -> None:
    binding = await edges.bind()
    await edges.heard("ams1", "fra1", "lon1")
    await edges.swap(binding, "Spectrum")
    await edges.heard("ams1", "fra1")
    assert await edges.state(binding) is ACTIVE
    with pytest.raises(ServiceInUse, match="lon1"):
        await edges.retire("CDN")
    await edges.put("lon1", drained=True)
    await edges.retire("CDN")


async def test_a_removed_binding_answers_until_that_is_acknowledged(edges: Edges) -> None:
    await edges.bind()
    part = await edges.bind(PART, "Spectrum")
    await edges.heard("ams1")
    await edges.unbind(part)
    assert (await edges.answers(INSIDE), await edges.answers(BESIDE)) == ("Spectrum", "CDN")
    with pytest.raises(ServiceInUse):
        await edges.retire("Spectrum")
    again = await edges.bind(PART, "CDN")
    assert await edges.answers(INSIDE) == "Spectrum"
    await edges.heard("ams1", number=3)
    assert (await edges.answers(INSIDE), await edges.state(again)) == ("CDN", PROVISIONING)
    await edges.retire("Spectrum")
    await edges.heard("ams1")
    assert await edges.state(again) is ACTIVE
    kinds = await edges.world.kinds(edges.claim)
    assert kinds[-4:] == ["binding.removed", "binding.created", "binding.gone", "binding.active"]


async def test_a_prefix_may_go_while_edges_still_answer_for_it(edges: Edges) -> None:
    binding = await edges.bind()
    await edges.heard("ams1")
    await edges.unbind(binding)
    remove = Verb(edges.world.store, prefixes.remove)
    await remove(edges.claim.account_id, edges.claim.id, by=BY)
    with pytest.raises(ServiceInUse):
        await edges.retire("CDN")
    await edges.heard("ams1")
    await edges.retire("CDN")
    assert (await edges.world.kinds(edges.claim))[-1] == "binding.gone"


@dataclass
class Controller:
    """An edge as somebody else would write it: it knows what the feed says, and nothing else."""

    at: int = 0
    ranges: dict[str, tuple[str, str]] = field(default_factory=dict)

    def carry_out(self, change: EdgeChange) -> None:
        assert change.number == self.at + 1
        old = self.ranges.get(str(change.cidr))
        if change.previous:  # what it is told to keep until then is what it has
            assert old == (change.binding_id.hex, change.previous.name)
        if change.service:
            self.ranges[str(change.cidr)] = (change.binding_id.hex, change.service.name)
        else:
            del self.ranges[str(change.cidr)]
        if change.answering:
            first = change.cidr.network[0]
            longer = [c for c in self.ranges if ip_network(c).prefixlen > change.cidr.length]
            if not any(first in ip_network(c) for c in longer):
                assert self.answers(first) == change.answering.name
        self.at = change.number

    def answers(self, address: object) -> str | None:
        return longest(address, ((cidr, name) for cidr, (_, name) in self.ranges.items()))


def longest(address: object, ranges: Iterable[tuple[str, str]]) -> str | None:
    found = [(ip_network(c).prefixlen, name) for c, name in ranges if address in ip_network(c)]
    assert len({length for length, _ in found}) == len(found), "two answer"
    return max(found)[1] if found else None


CIDRS = ("31.0.0.0/24", "31.0.1.0/24", "31.0.0.0/25", "31.0.0.4/30", "31.0.0.7/32")
PROBES = [IPv4Address(f"31.0.{at}") for at in ("0.0", "0.4", "0.7", "0.128", "1.0", "1.255")]


@pytest.mark.parametrize("seed", seeds(4, soak=100))
async def test_whatever_is_bound_swapped_and_removed_each_address_has_one_answer(
    edges: Edges, seed: int
) -> None:
    """From both sides: at an edge after each single change, and of what has taken effect."""
    chance = random.Random(seed)  # noqa: S311 - any order will do
    names, controllers = ("CDN", "Spectrum"), {"ams1": Controller(), "fra1": Controller()}
    bound = {CIDR: await edges.bind(CIDR, "CDN")}
    first = await edges.feed.changes(after=0, limit=9)
    for name, controller in controllers.items():
        controller.carry_out(first[0])
        await edges.heard(name)
    before = dict.fromkeys(PROBES, "CDN")
    for _ in range(40):
        await _customer(edges, chance, bound, names)
        for name, controller in controllers.items():
            changes = await edges.feed.changes(after=controller.at, limit=chance.randint(1, 3))
            for change in changes if chance.random() < 0.6 else ():
                controller.carry_out(change)
                assert all(controller.answers(one) for one in PROBES)
            await edges.heard(name, number=controller.at)
        behind = min(controllers.values(), key=lambda one: one.at)
        now = {one: await edges.answers(one) for one in PROBES}
        assert all(now.values()), (before, now)
        assert now == {one: behind.answers(one) for one in PROBES}  # what both have, no more
    await edges.heard("ams1", "fra1")
    state = await edges.feed.state()
    assert {(str(one.cidr), one.service.name) for one in state.ranges} == {
        (str(one.cidr), one.service.name) for one in await _bindings(edges)
    }
    assert all(one.state is ACTIVE for one in await _bindings(edges))


async def _customer(
    edges: Edges, chance: random.Random, bound: dict[str, UUID], names: tuple[str, ...]
) -> None:
    cidr = chance.choice([CIDR, *CIDRS])
    if cidr not in bound:
        bound[cidr] = await edges.bind(cidr, chance.choice(names))
    elif cidr == CIDR or chance.random() < 0.5:
        await edges.swap(bound[cidr], chance.choice(names))
    else:
        await edges.unbind(bound.pop(cidr))


async def _bindings(edges: Edges) -> list[ServiceBinding]:
    async with edges.world.store.transaction() as tx:
        return list(await tx.bindings.of(edges.claim.id))


async def test_customers_edges_and_operators_at_once_wait_for_nobody_in_a_circle(
    edges: Edges,
) -> None:
    world, chance = edges.world, random.Random(5)  # noqa: S311 - any order will do
    claims = [edges.claim] + [await world.approved(f"31.{at}.0.0/23") for at in (1, 2)]
    bound: list[tuple[Claim, UUID]] = []
    for claim in claims:
        whole = await world.bind(claim, str(claim.prefix), edges.services["CDN"])
        bound.append((claim, whole))
    await edges.heard("ams1", "fra1")

    async def customer() -> None:
        claim, binding = chance.choice(bound)
        account, service = claim.account_id, edges.services[chance.choice(["CDN", "Spectrum"])]
        swap = Verb(world.store, bindings.swap)
        await swap(account, claim.id, binding, service_id=service, by=BY)
        part = f"{claim.prefix.network[chance.randrange(512)]}/32"
        made = await world.bind(claim, part, service)
        if chance.random() < 0.5:
            await Verb(world.store, bindings.unbind)(account, claim.id, made, by=BY)

    async def operator() -> None:
        await edges.put("lon1", drained=chance.random() < 0.5)
        await edges.retire("Magic Transit")

    acting = [customer() for _ in range(40)] + [operator() for _ in range(6)]
    acting += [edges.heard(name) for name in ("ams1", "fra1", "lon1") for _ in range(15)]
    chance.shuffle(acting)
    ended = await asyncio.gather(*acting, return_exceptions=True)
    faults = {type(one) for one in ended if isinstance(one, BaseException)}
    assert faults <= {BindingExists, ServiceNotOffered, EdgeBehind}
    await edges.heard("ams1", "fra1", "lon1")
    async with world.store.transaction() as tx:
        assert await tx.edges.unconverged(await edges.feed.newest()) == []
    numbers = [one.number for one in await edges.feed.changes(after=0, limit=1000)]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_announcing_waits_for_every_edge_in_service_and_a_swap_leaves_the_route_alone(
    edges: Edges,
) -> None:
    world, claim = edges.world, edges.claim
    advertise = Verb(world.store, bgp_prefixes.advertise)

    async def announced() -> bool:
        view = await advertise(claim.account_id, claim.id, None, advertised=True, by=BY)
        return view.bgp_prefix.desired.advertised

    await edges.heard("ams1", "fra1", "lon1")
    binding = await edges.bind()
    with pytest.raises(IncompleteBgpDeployment, match="ams1, fra1, lon1"):
        await announced()
    await edges.heard("ams1", "fra1")
    with pytest.raises(IncompleteBgpDeployment, match="lon1"):
        await announced()
    await edges.put("lon1", drained=True)
    assert await announced()
    with pytest.raises(EdgeBehind):  # traffic would find no answer there
        await edges.put("lon1", drained=False)
    assert await announced()
    await edges.swap(binding, "Spectrum")
    async with world.store.transaction() as tx:
        (route,) = await tx.bgp_prefixes.of(claim.id)
    assert route.desired.advertised
    assert route.desired.binding_id == binding
    await edges.heard("ams1", "fra1", "lon1")
    assert await edges.answers(INSIDE) == "Spectrum"
