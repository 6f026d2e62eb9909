"""Each address has one answer, on every edge, whatever is bound, swapped and removed."""

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_network
from uuid import UUID

import pytest

from byoip.domain.bindings.edge import EdgeBehind, EdgeChange
from byoip.domain.bindings.offered_service import ServiceInUse, ServiceNotOffered
from byoip.domain.bindings.service_binding import BindingExists, ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.domain.routes.bgp_prefix import AdvertiseStateLocked
from byoip.usecases.bindings import bindings
from byoip.usecases.claims import prefixes
from byoip.usecases.routes import bgp_prefixes
from tests.seeds import seeds
from tests.store.samples import BY
from tests.usecases.edges import ACTIVE, BESIDE, INSIDE, PART, PROVISIONING, Edges, edges
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR

__all__ = ["edges"]  # fixtures


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
    """An edge as its own authors would write it: it knows what the feed says, and nothing else."""

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


@pytest.mark.parametrize("seed", seeds(2, soak=100))
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


async def test_customers_edges_and_operators_at_once_never_wait_in_a_circle(edges: Edges) -> None:
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
    with pytest.raises(AdvertiseStateLocked, match="ams1, fra1, lon1"):
        await announced()
    await edges.heard("ams1", "fra1")
    with pytest.raises(AdvertiseStateLocked, match="lon1"):
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
