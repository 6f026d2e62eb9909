"""Time, 1.4: RDAP names a buyer before a file does, and that is not the holder of before.

So where it named nobody for years, as of space without an organisation, a sale would be taken for
a new id; and an AS number of the buyer's, which RDAP gives the same registrant, for the seller's.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.remembered import Remembered
from tests.fakes.rdap_servers import serving, whole
from tests.fakes.registry_budget import EnoughBudget
from tests.usecases.routes import Routes
from tests.usecases.world import CIDR
from tests.watch.test_4_rdap_confirms import NEW, Answer, named
from tests.watch.test_5_holders import sold
from tests.watching import DAY, Days

NOBODY = whole(b"{}", status=404)


@dataclass
class Sale:
    """A watched prefix, and what RDAP says of it."""

    days: Days
    routes: Routes
    rdap: Answer

    async def go_by(self, days: int) -> None:
        for _ in range(days):
            self.days.world.clock.advance(DAY)
            await self.days.files()
            await self.days.run()

    async def known(self) -> Remembered:
        return Remembered.read((await self.days.watches(self.routes.claim))[Signal.HOLDER].baseline)

    async def told(self) -> set[Signal]:
        """By two files the space is the buyer's."""
        for _ in range(2):
            await sold(self.days, (CIDR, "allocated", "buyer"))
        return set(await self.days.frozen_for(self.routes.claim))


@pytest.fixture
async def sale(days: Days, routes: Routes) -> AsyncIterator[Sale]:
    made, world = Sale(days, routes, Answer(NOBODY)), days.world
    async with serving(made.rdap) as server:
        world.responsible = replace(world.responsible, rdap_url=server.url)
        days.data = RdapClient(
            *(world.clock, RdapServers(world.registries), EnoughBudget()),
            deadline=5,
            back_off=BackOff(timedelta(seconds=1), timedelta(seconds=1)),
        )
        yield made


async def test_a_buyer_that_was_named_before_a_file_told_is_another_holder(sale: Sale) -> None:
    await sale.go_by(3)
    assert (await sale.known()).registrant == ""
    sale.rdap.body = named(NEW)  # it is sold; files tell of it tomorrow
    await sale.go_by(1)
    assert (await sale.known()).registrant == NEW
    assert await sale.told() == {Signal.HOLDER}
    watch = (await sale.days.watches(sale.routes.claim))[Signal.HOLDER]
    assert watch.seen.startswith("It was seller at ripencc, and is "), "nobody called it otherwise"


async def test_one_that_files_have_borne_out_for_days_is_the_same(sale: Sale) -> None:
    sale.rdap.body = named(NEW)
    await sale.go_by(5)
    assert (await sale.known()).registrant == NEW
    assert await sale.told() == set()


def test_when_it_was_learnt_is_kept_where_versions_without_it_read_on() -> None:
    learnt = "2026-01-01T00:00:00+00:00"
    for name in ("Seller B.V.", ""):
        one = Remembered((("ripencc", "seller", "held"),), NEW, name, learnt)
        holding, registrant = json.loads(one.kept())  # as they read it
        assert ([*holding[0][:3]], registrant) == (["ripencc", "seller", "held"], NEW)
        assert Remembered.read(one.kept()) == one
