"""Trust, 5.3: a contested prefix may do all but announce and be approved; rule and texts agree."""

from pathlib import Path
from uuid import UUID

import pytest

from byoip.domain.claims.lifecycle import Standing
from byoip.domain.routes.bgp_prefix import Contested
from byoip.usecases.bindings import bindings
from byoip.usecases.claims import delegations
from byoip.usecases.routes import offboarding
from tests.store.samples import BY
from tests.trust.contests import rival, stands
from tests.usecases.conftest import routes, services, world, world_engine
from tests.usecases.routes import PART, Routes
from tests.usecases.verbs import Verb

__all__ = ["routes", "services", "world", "world_engine"]  # fixtures

DOCS = Path(__file__).parents[2] / "docs"
MAY = ("bind", "swap", "unbind", "withdraw", "delegate")  # and leave


async def test_all_goes_on_but_announcing(routes: Routes, services: dict[str, UUID]) -> None:
    world = routes.world
    await routes.patch(advertised=True)
    await rival(world)
    assert await stands(world, routes.claim) is Standing.CONTESTED
    assert (await routes.view()).bgp_prefix.desired.advertised, "what is announced stays"

    part = await world.bind(routes.claim, PART, services["CDN"])
    swap = Verb(routes.store, bindings.swap)
    swapped = await swap(*routes.ids, part, service_id=services["Spectrum"], by=BY)
    assert swapped.binding.service.id == services["Spectrum"]
    await Verb(routes.store, bindings.unbind)(*routes.ids, part, by=BY)
    lent = {"delegated_account_id": await world.new_account(), "expires_at": None}
    await Verb(routes.store, delegations.delegate)(*routes.ids, cidr=PART, **lent, by=BY)
    assert not (await routes.patch(advertised=False)).bgp_prefix.desired.advertised
    with pytest.raises(Contested):
        await routes.patch(advertised=True)
    await Verb(routes.store, offboarding.offboard)(*routes.ids, by=BY)
    assert await stands(world, routes.claim) is Standing.OFFBOARDING


def test_the_texts_say_so() -> None:
    concepts = " ".join((DOCS / "concepts.md").read_text().split())
    assert f"may {', '.join(MAY)} and leave" in concepts
    assert "bindings may be made, swapped and removed" in str(Contested())
    (row,) = [line for line in (DOCS / "errors.md").read_text().splitlines() if "| 1706 |" in line]
    assert str(Contested()) in row
    assert "only announcing is refused" in row
