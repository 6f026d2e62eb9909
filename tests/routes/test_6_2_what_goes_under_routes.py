"""Routes 6.2: credentials, accounts, services, edges and bindings go while routes are up."""

from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from tests.failover.owners import announce
from tests.many_routes import OwnedRoute, Owner
from tests.real.announcing import own_postgres
from tests.routes.judging import FLAWLESS
from tests.routes.rolling_back import put_back
from tests.routes.scenarios import Scene, scene

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(240)]

_DELETIONS: tuple[LiteralString, ...] = (
    "DELETE FROM accounts WHERE id = %(account)s",
    "DELETE FROM prefixes WHERE id = %(claim)s",
    "DELETE FROM bindings WHERE id = %(binding)s",
    "DELETE FROM services WHERE id = (SELECT service_id FROM bindings WHERE id = %(binding)s)",
    "DELETE FROM bgp_prefixes WHERE id = %(route)s",
)


async def test_routes_stay_and_their_owners_can_still_withdraw_them(tmp_path: Path) -> None:
    with own_postgres() as server:
        async with scene(server.database_url, tmp_path) as here:
            noted = here.service.edge.router.noted()
            route, other = here.up[0], here.up[1]
            await refuse(here, route)
            await take_away(here, route)
            assert here.service.edge.router.changes(after=noted) == []
            made = await here.order(
                "POST", "/credentials", account_id=route.owner.account_id.hex, name="new"
            )
            assert made[0] == 201
            route = replace(route, owner=Owner(route.owner.account_id, made[1]["token"]))
            changes = announce(route, up=False), announce(other, up=False)
            await here.owners.send(*changes, announce(here.down[0], up=True))
            await here.until_quiet()
            assert await here.lists() == FLAWLESS
            await put_back(here)


async def refuse(here: Scene, route: OwnedRoute) -> None:
    """What would take the ground away from a route that is up is refused, in the database too."""
    service = here.service.one("SELECT service_id FROM bindings WHERE id = %s", route.binding_id)
    below = route.path.partition("/addressing/prefixes/")[2].partition("/")[2]
    assert await here.order("POST", f"/services/{service.hex}/retire") == (409, "service_in_use")
    assert (await here.want(route, "DELETE", f"/bindings/{route.binding_id.hex}"))[0] == 409
    assert (await here.want(route, "DELETE"))[0] == 409
    assert (await here.want(route, "DELETE", f"/{below}"))[0] == 409
    values: dict[str, Any] = {
        "account": route.owner.account_id,
        "claim": route.claim_id,
        "binding": route.binding_id,
        "route": route.bgp_prefix_id,
    }
    for statement in _DELETIONS:
        with psycopg.connect(here.service.database_url) as connection, pytest.raises(psycopg.Error):
            connection.execute(statement, values)


async def take_away(here: Scene, route: OwnedRoute) -> None:
    """The owner's token and quota, and an edge."""
    account = route.owner.account_id
    token = here.service.one("SELECT id FROM credentials WHERE account_id = %s", account)
    assert (await here.order("POST", f"/credentials/{token.hex}/revoke"))[0] == 200
    assert (await here.want(route, "GET"))[0] == 401
    assert (await here.order("PATCH", f"/accounts/{account.hex}", prefix_quota=0))[0] == 200
    assert (await here.order("PUT", "/edge/edges/fra1", drained=False))[0] in {200, 201}
    assert (await here.order("POST", "/edge/edges/fra1/remove"))[0] == 200
    assert here.history() >= {"credential.revoked", "account.updated", "edge.removed"}
