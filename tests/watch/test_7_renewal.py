"""A proof is renewed without a token only where the registries say that nothing has changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.checks.reverse_dns.observation import ZoneSecurity
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.watch.levels import Level, Signal
from byoip.sandbox.rdap_shapes import RdapRecord, network_answer
from byoip.usecases.claims import standing
from tests.fakes.dns import SERVERS
from tests.fakes.rdap_servers import said, serving, whole
from tests.fakes.registry_budget import EnoughBudget
from tests.store.samples import BY
from tests.usecases.routes import Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, LABEL
from tests.watch.test_5_holders import still_up
from tests.watching import DAY, Days, spare

HOLDER, ANOTHER = "ORG-OLD1-RIPE", "ORG-NEW1-RIPE"
BLOCK = (
    "inetnum: 31.0.0.0 - 31.0.1.255\nnetname: OURS\nstatus: ALLOCATED PA\nmnt-by: {by}\n"
    "source: RIPE"
)


def named(handle: str = HOLDER, cidr: str = CIDR, **more: str) -> bytes:
    return said(network_answer("ripencc", RdapRecord(cidr, name="B.V.", handle=handle, **more)))


@dataclass
class Answer:
    """What the RDAP server says; tests change it."""

    body: bytes

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self.body)
        await writer.drain()


@dataclass
class Ending:
    """A prefix whose proof ends soon, while all is as it was."""

    days: Days
    routes: Routes
    rdap: Answer

    async def pass_days(self, many: int = 1) -> None:
        for _ in range(many):
            self.days.world.clock.advance(DAY)
            await self.days.files()
            await self.days.snapshot()
            await self.days.run()

    async def renewed(self) -> bool:
        return "proof.renewed" in await self.days.world.kinds(self.routes.claim)

    async def why_not(self) -> str:
        return (await self.days.watches(self.routes.claim))[Signal.PROOF].seen

    def move(self, *servers: str) -> None:
        for zone in reverse_zones(self.routes.claim.prefix):
            self.days.world.dns.delegate(zone.name, *servers)

    def route(self, *lines: str, by: str = "A-MNT") -> None:
        self.days.world.registry.objects = type(self.days.world.registry.objects)()
        text = f"route: {CIDR}\norigin: AS64500\nmnt-by: {by}"
        self.days.world.registry.put("RIPE", "\n".join([text, *lines, "source: RIPE"]))

    async def near_the_end(self) -> None:
        """The last day on which a renewal is not tried yet."""
        world = self.days.world
        end = (await world.now(self.routes.claim)).proof.ends_at
        assert end is not None
        world.clock.advance(end - 76 * DAY - world.clock.now())
        await self.days.files()
        await self.days.snapshot()
        await self.days.run()
        assert not await self.renewed()


@asynccontextmanager
async def answering(days: Days, routes: Routes, body: bytes) -> AsyncIterator[Ending]:
    made, world = Ending(days, routes, Answer(body)), days.world
    async with serving(made.rdap) as server:
        world.responsible = replace(world.responsible, rdap_url=server.url)
        days.data = RdapClient(
            *(world.clock, RdapServers(world.registries), EnoughBudget()),
            deadline=30,
            back_off=BackOff(DAY, timedelta(minutes=10)),
        )
        yield made


@pytest.fixture
async def ending(days: Days, routes: Routes) -> AsyncIterator[Ending]:
    async with answering(days, routes, named()) as made:
        await made.pass_days(2)  # the look of a day learns the registrant
        await made.near_the_end()
        yield made


async def test_a_healthy_customer_is_never_bothered(ending: Ending) -> None:
    await ending.pass_days(3)  # a look on the first or second, by the prefix's time of day
    assert await ending.renewed()
    now, claim = ending.days.world.clock.now(), await ending.days.world.now(ending.routes.claim)
    assert claim.proof.ends_at is not None
    assert claim.proof.ends_at > now + 394 * DAY
    event = next(
        one for one in await ending.days.world.events(claim) if one.kind == "proof.renewed"
    )
    seen = "From one place: The route object has the maintainers of before."
    assert event.after == {"by": "records", "seen": seen}
    await ending.pass_days(20)
    kinds = await ending.days.world.kinds(claim)
    assert "proof.expiring" not in kinds
    assert kinds.count("proof.renewed") == 1
    assert await still_up(ending.routes)


@pytest.mark.parametrize(
    ("then", "why"),
    [
        (named(type="ASSIGNED PA"), "may be a holder's customer's (type ASSIGNED PA)"),
        (named(type="LEGACY"), "may be a holder's customer's (type LEGACY)"),
        (named(ANOTHER), "another registrant"),
        (named(cidr="31.0.0.0/24"), "did not say"),
        (whole(b"{}", status=503), "did not say"),
        (whole(b"{}", status=404), "did not say"),
    ],
    ids=["a lessee's", "legacy", "another's", "a part", "unanswered", "absent"],
)
async def test_not_where_the_smallest_block_is_not_its_holders(
    ending: Ending, then: bytes, why: str
) -> None:
    ending.rdap.body = then
    await ending.pass_days(2)
    assert not await ending.renewed()
    assert why in await ending.why_not()
    await ending.pass_days(15)
    assert await ending.days.level(ending.routes.claim, Signal.PROOF) is Level.NOTICE


async def test_not_where_anything_is_otherwise(ending: Ending) -> None:
    days = ending.days
    days.roas = [valid("30.0.0.0/8")]
    await ending.pass_days(5)
    assert not await ending.renewed()
    days.roas = [valid(CIDR)]
    ending.move("ns.other.example.")
    await ending.pass_days(5)
    assert "zone_servers" in await ending.why_not()
    # One server of before is not enough here: it was delegated to more.
    ending.route(by="B-MNT")
    ending.move(SERVERS[0][0])
    await ending.pass_days(5)
    assert not await ending.renewed()
    assert "route_object" in await ending.why_not()
    ending.route()
    await ending.pass_days(5)
    assert await ending.renewed()


@pytest.mark.parametrize(
    ("by", "beside", "counts"),
    [
        ("A-MNT", (), True),
        ("HOLDER-MNT", (), False),
        ("A-MNT", ("route: 31.0.0.0/16\norigin: AS64501\nmnt-by: X-MNT\nsource: RIPE",), False),
    ],
    ids=["the holder's", "not the holder's", "a stranger may write it"],
)
async def test_a_route_object_counts_by_the_rule_of_proofs(
    ending: Ending, by: str, beside: tuple[str, ...], counts: bool
) -> None:
    world = ending.days.world
    world.responsible = replace(world.responsible, holder_rule=True)
    ending.move(SERVERS[0][0])  # the zones are not all as they were, so they say nothing
    ending.route()
    for one in (BLOCK.format(by=by), *beside):
        world.registry.put("RIPE", one)
    await ending.pass_days(2)
    assert await ending.renewed() is counts


async def test_a_route_object_does_not_count_where_irr_was_waived(ending: Ending) -> None:
    """There was none as it was proven: who has made this one since may be the next user."""
    ending.move(SERVERS[0][0])  # the zones are not all as they were, so they say nothing
    await ending.routes.execute("UPDATE prefixes SET irr_waived = true")
    await ending.pass_days(3)
    assert not await ending.renewed()
    await ending.routes.execute("UPDATE prefixes SET irr_waived = false")
    await ending.pass_days(2)
    assert await ending.renewed()


async def test_not_on_the_operators_word(ending: Ending) -> None:
    world, claim = ending.days.world, ending.routes.claim
    await ending.routes.execute("UPDATE prefixes SET approved_by = 'operator'")
    await ending.pass_days(2)
    assert not await ending.renewed()
    assert "operator's word" in await ending.why_not()
    await ending.routes.execute("UPDATE prefixes SET approved_by = 'checks'")
    contest = Verb(world.store, standing.change_standing)
    await contest(claim.id, transition=Transition.SUSPENDED, reason="x", by=BY)
    await ending.pass_days(2)
    assert not await ending.renewed()
    await contest(claim.id, transition=Transition.RESUMED, reason="x", by=BY)
    await ending.pass_days(2)
    assert await ending.renewed()


async def test_statistics_that_are_old_renew_nothing(ending: Ending) -> None:
    days = ending.days
    days.world.clock.advance(4 * DAY)  # no file came in that time
    await days.snapshot()
    await days.run()
    assert not await ending.renewed()
    assert "too old" in await ending.why_not()


async def test_whom_it_was_given_to_is_learnt_as_it_is_proven_and_not_later(
    days: Days, routes: Routes
) -> None:
    """A lease may be over by the time that RDAP answers first: then it names the lessor."""
    async with answering(days, routes, whole(b"{}", status=503)) as late:
        await late.pass_days(9)
        late.rdap.body = named()
        await late.pass_days(2)
        await late.near_the_end()
        await late.pass_days(2)
        assert not await late.renewed()
        assert "not learnt as it was proven" in await late.why_not()


@pytest.mark.parametrize("hidden", [True, False])
async def test_not_by_name_servers_that_were_seen_first_long_after_the_proof(
    routes: Routes, *, hidden: bool
) -> None:
    """A lessee hides its zones from the looks; those that are seen later are the next user's."""
    world = routes.world
    days = Days(world, {"ripencc": [(CIDR, "allocated", "lessor"), *spare(60)]})
    days.roas = [valid(CIDR)]
    world.responsible = replace(world.responsible, holder_rule=True)  # its route does not count
    zones = reverse_zones(routes.claim.prefix)
    async with answering(days, routes, named()) as made:
        made.move("ns1.lessor.example.", "ns2.lessor.example.")
        for zone in zones if hidden else ():
            world.dns.secure(zone.owner(LABEL), ZoneSecurity.UNKNOWN)
        await made.pass_days(10)
        for zone in zones:
            world.dns.secure(zone.owner(LABEL), ZoneSecurity.INSECURE)
        await made.pass_days(2)
        await made.near_the_end()
        await made.pass_days(3)
        assert await made.renewed() is not hidden


async def test_not_where_a_zone_is_delegated_that_was_not_as_it_was_proven(
    routes: Routes,
) -> None:
    """A lessee had one zone; the next user has got the others since."""
    world = routes.world
    days = Days(world, {"ripencc": [(CIDR, "allocated", "lessor"), *spare(60)]})
    days.roas = [valid(CIDR)]
    world.responsible = replace(world.responsible, holder_rule=True)  # its route does not count
    first, second = reverse_zones(routes.claim.prefix)
    async with answering(days, routes, named()) as made:
        world.dns.delegate(first.name, "ns1.lessee.example.")
        world.dns.delegate(second.name)
        await made.pass_days(10)
        world.dns.delegate(second.name, "ns1.next.example.")
        await made.near_the_end()
        await made.pass_days(3)
        assert not await made.renewed()
        world.dns.delegate(second.name)
        world.dns.secure(second.owner(LABEL), ZoneSecurity.UNKNOWN)
        await made.pass_days(3)
        assert not await made.renewed()
