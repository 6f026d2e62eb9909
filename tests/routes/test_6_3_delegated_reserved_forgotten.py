"""Routes 6.3: delegations and reservations of what is announced, and what cannot be forgotten."""

from pathlib import Path

import pytest

from tests.failover.owners import announce
from tests.real.announcing import own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.rolling_back import put_back
from tests.routes.scenarios import Scene, scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]


async def test_no_route_changes_by_them(tmp_path: Path) -> None:
    with own_postgres() as server:
        async with scene(server.database_url, tmp_path) as here:
            noted = here.service.edge.router.noted()
            await delegate(here)
            await reserve(here)
            await forget(here)
            assert here.service.edge.router.changes(after=noted) == []
            first, second, new = here.up[0], here.up[1], here.down[0]
            changes = announce(first, up=False), announce(first, up=True), announce(new, up=True)
            await here.owners.send(*changes, announce(second, up=False))
            await here.until_quiet()
            assert await here.lists() == FLAWLESS
            await put_back(here)


async def delegate(here: Scene) -> None:
    """A half to another account, and back."""
    route, other = here.up[0], here.up[1].owner.account_id.hex
    body = {"cidr": route.cidr.replace("/24", "/25"), "delegated_account_id": other}
    status, made = await here.want(route, "POST", "/delegations", body)
    assert status in {200, 201}, made
    status, _ = await here.want(route, "DELETE", f"/delegations/{made['id']}")
    assert status == 200


async def reserve(here: Scene) -> None:
    """For another account it is refused; for its own it is kept, and released."""
    route, other = here.up[0], here.up[1].owner.account_id.hex
    assert await here.order("POST", "/reservations", cidr=route.cidr, account_id=other) == (
        409,
        "overlaps_approved_prefix",
    )
    assert (await here.order("POST", "/reservations", cidr=route.cidr))[0] == 409
    own = route.owner.account_id.hex
    status, made = await here.order("POST", "/reservations", cidr=route.cidr, account_id=own)
    assert status == 201, made
    assert (await here.order("POST", f"/reservations/{made['id']}/release"))[0] == 200
    assert here.history() >= {"reservation.created", "reservation.released"}


async def forget(here: Scene) -> None:
    """Neither a prefix that is announced, nor a speaker or a listener that answers."""
    assert (await here.want(here.up[0], "DELETE"))[0] == 409
    for what in ("speakers/one", "speakers/two", "listeners/router"):
        assert (await here.order("POST", f"/routes/{what}/forget"))[0] == 409, what
    assert not here.history() & {"speaker.forgotten", "listener.forgotten"}
