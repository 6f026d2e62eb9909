"""A change of holder is held against RDAP, on a real server on loopback, where it answers."""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.watch.levels import Level, Signal
from byoip.domain.watch.remembered import Remembered
from byoip.sandbox.rdap_shapes import RdapRecord, network_answer
from byoip.usecases.watch.watcher import LEARNER, WATCHER
from tests.fakes.rdap_servers import said, serving, whole
from tests.fakes.registry_budget import EnoughBudget
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR
from tests.watch.test_5_holders import sold, still_up
from tests.watching import DAY, Days


@dataclass
class Answer:
    """What the server says; tests change it."""

    body: bytes

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(self.body)
        await writer.drain()


def named(handle: str, name: str = "Example B.V.", **more: str) -> bytes:
    record = RdapRecord(CIDR, name=name, handle=handle, **more)
    return said(network_answer("ripencc", record))


OLD, NEW = "ORG-OLD1-RIPE", "ORG-NEW1-RIPE"


@pytest.mark.parametrize(
    ("then", "frozen"),
    [
        (named(OLD), False),
        (named(NEW), True),
        (whole(b"{}", status=503), True),
        (whole(b"{}", status=404), True),
        (named(OLD, type="ASSIGNED PA"), True),
    ],
    ids=["same registrant", "another", "unanswered", "absent", "given on by a holder"],
)
async def test_rdap_confirms(days: Days, routes: Routes, then: bytes, frozen: bool) -> None:
    answer, world, budget = Answer(named(OLD)), days.world, EnoughBudget()
    async with serving(answer) as server:
        world.responsible = replace(world.responsible, rdap_url=server.url)
        days.data = RdapClient(
            *(world.clock, RdapServers(world.registries), budget),
            deadline=30,
            back_off=BackOff(DAY, timedelta(minutes=10)),
        )
        for _ in range(6):  # the look of a day learns the registrant, and files bear it out
            world.clock.advance(DAY)
            await days.files()
            await days.run()
        kept = (await days.watches(routes.claim))[Signal.HOLDER].baseline
        assert Remembered.read(kept).registrant == OLD
        assert {*budget.accounts} == {LEARNER}, "it uses up nothing that a freeze waits for"
        answer.body = then
        for _ in range(2):
            await sold(days, (CIDR, "allocated", "buyer"))
        assert WATCHER in budget.accounts
        assert await days.frozen_for(routes.claim) == ({Signal.HOLDER} if frozen else set())
        if not frozen:  # the new id counts: so does a sale of it
            answer.body = named(NEW)
            assert await days.level(routes.claim, Signal.HOLDER) is Level.NONE
            for _ in range(2):
                await sold(days, (CIDR, "allocated", "another"))
            assert await days.frozen_for(routes.claim) == {Signal.HOLDER}
    assert await still_up(routes)


@pytest.mark.parametrize(
    ("row", "frozen"),
    [
        pytest.param("31.0.0.0/16", True, id="a part, by an object of the holder of before"),
        pytest.param(CIDR, False, id="the whole row"),
    ],
)
async def test_of_a_part_of_the_row_rdap_confirms_no_holder(
    days: Days, routes: Routes, row: str, frozen: bool
) -> None:
    answer, world = Answer(named(OLD, type="LEGACY")), days.world
    async with serving(answer) as server:
        world.responsible = replace(world.responsible, rdap_url=server.url)
        days.data = RdapClient(
            *(world.clock, RdapServers(world.registries), EnoughBudget()),
            deadline=30,
            back_off=BackOff(DAY, timedelta(minutes=10)),
        )
        for _ in range(6):
            world.clock.advance(DAY)
            await days.files()
            await days.run()
        for _ in range(2):
            await sold(days, (row, "allocated", "buyer"))
    assert await days.frozen_for(routes.claim) == ({Signal.HOLDER} if frozen else set())


@pytest.mark.parametrize(
    ("kinds", "was", "then"),
    [
        ({}, '"Seller B.V." (seller at ripencc)', '"Buyer \\"Ltd\\"" (buyer at ripencc)'),
        ({"type": "ASSIGNED PA"}, "seller at ripencc", "buyer at ripencc"),
        ({"type": "LEGACY"}, "seller at ripencc", "buyer at ripencc"),
    ],
    ids=["the holder", "a customer of the holder", "a type that is not known"],
)
async def test_names_stand_before_ids_where_rdap_names_the_holder_itself(
    days: Days, routes: Routes, kinds: dict[str, str], was: str, then: str
) -> None:
    answer, world = Answer(named(OLD, "Seller B.V.", **kinds)), days.world
    async with serving(answer) as server:
        world.responsible = replace(world.responsible, rdap_url=server.url)
        days.data = RdapClient(
            *(world.clock, RdapServers(world.registries), EnoughBudget()),
            deadline=30,
            back_off=BackOff(DAY, timedelta(minutes=10)),
        )
        for _ in range(6):  # the look of a day, and three days of files that bear it out
            world.clock.advance(DAY)
            await days.files()
            await days.run()
        assert (await days.watches(routes.claim))[Signal.HOLDER].seen == was
        answer.body = named(NEW, 'Buyer "Ltd"', **kinds)
        await sold(days, (CIDR, "allocated", "buyer"))
        told = f"It was {was}, and is buyer at ripencc."
        assert (await days.watches(routes.claim))[Signal.HOLDER].seen == told
        await sold(days, (CIDR, "allocated", "buyer"))
        told = f"It was {was}, and is {then}."
        for _ in range(2):  # as it is frozen, and with the next file
            watch = (await days.watches(routes.claim))[Signal.HOLDER]
            assert (watch.seen, watch.level) == (told, Level.FREEZE)
            since = watch.failing_since
            await sold(days, (CIDR, "allocated", "buyer"))
    assert (await days.watches(routes.claim))[Signal.HOLDER].failing_since == since
    (frozen,) = [one for one in await world.events(routes.claim) if one.kind == "prefix.frozen"]
    assert frozen.after["seen"] == told


def test_what_names_are_kept_with_is_read_by_versions_without_them() -> None:
    kept = Remembered((("ripencc", "seller", "held"),), OLD, "Seller B.V.").kept()
    holding, registrant = json.loads(kept)  # as they read it
    parts = tuple((one[0], one[1], one[2]) for one in holding)
    assert (parts, registrant) == ((("ripencc", "seller", "held"),), OLD)
    assert Remembered.read(kept).name == "Seller B.V."
