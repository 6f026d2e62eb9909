"""With gobgpd and BIRD: a transit network, and the customer's own network, beside the operator."""

from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path as Folder

import pytest

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, PathAttributes, Route
from byoip.domain.speakers.sightings import Seen, carries
from byoip.domain.watch.dispute import Side
from byoip.usecases.routes import bgp_prefixes
from tests.announcing import Fleet, reconciling, until
from tests.asns.disputes import decide, first, rival
from tests.asns.numbers import CUSTOMER, Numbers, aspa
from tests.asns.test_announcing import alarms
from tests.real.bird_router import Feed, bird_router
from tests.real.gobgpd import Peering, gobgpd
from tests.real.parts import Part, require
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, ORIGIN

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

PREFIX = Prefix.parse(CIDR)
TRANSIT, OTHER_AS = ("127.0.0.70", 64510), Asn(64999)
OWN_NETWORK = ("127.0.0.71", CUSTOMER.number)
HOP = ip_address("192.0.2.1")
ATTRIBUTES = PathAttributes(ORIGIN, HOP)  # type: ignore[arg-type]


async def test_it_is_seen_behind_our_as_and_the_customers_own_route_is_not_taken_for_it(
    fleet: Fleet, tmp_path: Folder
) -> None:
    require(Part.GOBGP, Part.BIRD)
    numbers = await numbers_beside(fleet, tmp_path)
    claim = await numbers.served()
    await numbers.snapshot(aspa(ORIGIN.number))
    with ExitStack() as running:
        ours = running.enter_context(
            gobgpd(
                address="127.0.0.72",
                asn=ORIGIN.number,
                neighbours=[Peering(*TRANSIT, admin_down=True), Peering(*OWN_NETWORK)],
            )
        )
        theirs = running.enter_context(
            gobgpd(address="127.0.0.73", asn=CUSTOMER.number, neighbours=[Peering(*TRANSIT)])
        )
        feeds = [
            Feed("ours", ours.address, ours.port, ours.asn),
            Feed("theirs", theirs.address, theirs.port, theirs.asn),
        ]
        transit = running.enter_context(
            bird_router(address=TRANSIT[0], asn=TRANSIT[1], speakers=feeds)
        )
        customer = running.enter_context(
            bird_router(address=OWN_NETWORK[0], asn=OWN_NETWORK[1], speakers=feeds[:1])
        )
        customer.wait_for_sessions("ours")
        speaker, other = (GobgpSpeaker(one, at.target) for one, at in (("a", ours), ("b", theirs)))
        listener = BirdListener("transit", transit.control)
        async with reconciling(fleet, speaker, listeners=[listener], attributes=ATTRIBUTES):
            await numbers.want(claim)
            await until(lambda: "BGP.as_path: 64500 3320\n" in transit.shows(PREFIX))
            await until(fleet.settled)
            seen = (await listener.sees([PREFIX]))[PREFIX]
            assert isinstance(seen, Seen)
            assert set(seen) == {CUSTOMER}
            assert seen.tails == frozenset({(ORIGIN, CUSTOMER)})
            # The customer's routers drop it: their own AS is in its path already.
            assert customer.is_up("ours")
            assert customer.shows(PREFIX) == ""
            assert numbers_of(await fleet.ask(_NEIGHBOURS)) == {TRANSIT[1], CUSTOMER.number}

            # Its ASPA forgets us, and then its publication point is away, which ends no alarm: no
            # route goes for it.
            for listed, alarmed in ([aspa(3257)], 1), ([], 1), ([aspa(ORIGIN.number)], 0):
                await numbers.snapshot(*listed)
                kinds = [kind for kind, _ in await alarms(numbers)]
                assert kinds.count("aspa_excludes_operator") == alarmed
                await until(fleet.settled)
                assert "BGP.as_path: 64500 3320\n" in transit.shows(PREFIX)
            assert [one.prefix for one in transit.losses()] == []

            prepend = Verb(numbers.rules, bgp_prefixes.advertise)
            await prepend(claim.account_id, claim.id, None, prepend=2, by=BY)
            await until(lambda: "as_path: 64500 3320 3320 3320\n" in transit.shows(PREFIX))
            assert [one.prefix for one in transit.losses()] == []

            # Another account proves the number, and an operator decides for it.
            await lost_in_a_dispute(numbers)
            await until(fleet.settled)
            assert "as_path: 64500 3320 3320 3320\n" in transit.shows(PREFIX)
            assert [one.prefix for one in transit.losses()] == []

            await other.announce([Path(PREFIX, (), HOP)])
            await until(lambda: "BGP.as_path: 3320\n" in transit.shows(PREFIX))
            await numbers.want(claim, advertised=False)
            await until(fleet.settled)  # it is gone, although its origin is seen
            seen = (await listener.sees([PREFIX]))[PREFIX]
            assert set(seen) == {CUSTOMER}
            assert not carries(seen, Route(PREFIX, CUSTOMER, 0, ORIGIN))
            assert "64500" not in transit.shows(PREFIX)
            assert await speaker.held() == []
            assert await fleet.alarms("still_seen") == set()
        for one in (speaker, other):
            await one.close()


async def numbers_beside(fleet: Fleet, tmp_path: Folder) -> Numbers:
    numbers = Numbers(fleet.engine, tmp_path, fleet.clock)
    numbers.account_id = await numbers.new_account()
    await fleet.do(
        "INSERT INTO services (id, name, default_only, created_at)"
        " VALUES (gen_random_uuid(), 'CDN', false, now())"
    )
    await numbers.statistics()
    return numbers


async def lost_in_a_dispute(numbers: Numbers) -> None:
    await rival(numbers)
    await decide(numbers, Side.CLAIMANT)
    assert not (await first(numbers)).proven


_NEIGHBOURS = "SELECT unnest(neighbour_ases) FROM speakers"


def numbers_of(rows: list[tuple[int]]) -> set[int]:
    return {number for (number,) in rows}


async def test_a_speaker_of_another_as_is_told_nothing_of_it(
    fleet: Fleet, tmp_path: Folder
) -> None:
    require(Part.GOBGP)
    numbers = await numbers_beside(fleet, tmp_path)
    await numbers.want(await numbers.served())
    [plain] = await fleet.add("20.0.0.0/24", advertised=True)
    with gobgpd(address="127.0.0.74", asn=OTHER_AS.number) as daemon:
        speaker = GobgpSpeaker("a", daemon.target)
        async with reconciling(fleet, speaker, attributes=ATTRIBUTES):

            async def held() -> set[Prefix]:
                return {one.prefix for one in await speaker.held()}

            async def has(*plain: Prefix) -> bool:
                return await held() == set(plain)

            await until(lambda: has(plain))
            [later] = await fleet.add("20.0.1.0/24", advertised=True)
            await until(lambda: has(plain, later))  # it was told again, and of these only
        await speaker.close()
