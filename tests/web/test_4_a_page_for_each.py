"""Page, 4: every blocker and every standing is planted, and has a page that shows it."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.api.document.meanings import BLOCKERS
from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.people import Role
from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import CheckState, Reason
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.prefix import Prefix
from byoip.domain.routes.announceable import OBSTACLES
from byoip.domain.watch.levels import Signal
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.speakers.records import SpeakerState
from byoip.store.speakers.routes import Routes
from byoip.usecases.checks.refresh_roas import RefreshRoas
from byoip.web.rendering import on_a_page
from tests.api.bound import bound, roas
from tests.api.edges import Edge, register
from tests.api.operators import Operator
from tests.api.world import World
from tests.asns.disputes import prove_too
from tests.asns.numbers import aspa
from tests.fakes.rpki import FakeVrpSource, export_text
from tests.store.samples import passed
from tests.usecases.world import GATES
from tests.web.browser import signed_in

UP, DOWN = {"on_demand": {"advertised": True}}, {"on_demand": {"advertised": False}}
NAMES: Final = sorted({*BLOCKERS, *(one.name for one in OBSTACLES)})
SEEN = "What came back from there."
PRINTED = {f"{one}_pending" for one in ("ownership", "irr", "rpki")}  # whole, to be copied, below


@dataclass(frozen=True)
class Plot:
    """Where something is planted."""

    world: World
    operator: Operator
    engine: AsyncEngine
    directory: Path

    async def changed(self, prefix_id: str, **fields: Any) -> str:
        """The claim as rows would have it."""
        async with self.world.store.transaction() as tx:
            claim = await tx.claims.lock(UUID(prefix_id))
            await tx.claims.save(replace(claim, **fields))
        return prefix_id

    async def served(self, origin: int = 64500) -> tuple[str, str, str]:
        """A prefix with a service, whose ROA names this origin: its id, path and route."""
        path, cidr, route = await bound(self.world)
        await roas(self.world, self.engine, self.directory, cidr, origin=origin)
        return path[-32:], path, route

    async def with_own_asn(self) -> tuple[str, str]:
        """An approved prefix whose origin is the customer's own number: its id, the number's."""
        own = await self.world.result("POST", "/asns", json={"asn": 2914})
        await self.operator.act(f"/asns/{own['id']}/approve")
        made = await self.world.prefix("45.250.0.0/23", asn=2914)
        async with self.world.store.transaction() as tx:
            claim, yes = await tx.claims.lock(UUID(made["id"])), passed(self.world.clock.now())
            proven = replace(claim, irr=yes, rpki=yes, ownership=yes)
            await tx.claims.save(proven.approve(self.world.clock.now()))
        return made["id"], own["id"]


Planter: TypeAlias = Callable[[Plot], Awaitable[str]]


async def checked(plot: Plot, check: str, record: CheckRecord, **more: Any) -> str:
    made = await plot.world.prefix()
    return await plot.changed(made["id"], **{check: record}, **more)


async def outdated(plot: Plot, check: str) -> str:
    return await checked(plot, check, passed(plot.world.clock.now() - timedelta(hours=2)))


async def pending(plot: Plot) -> str:
    return str((await plot.world.prefix())["id"])


async def out_of_time(plot: Plot) -> str:
    made = await pending(plot)
    plot.world.clock.advance(timedelta(days=8))
    return made


async def other_origin(plot: Plot) -> str:
    cidr = Prefix.parse("31.0.0.0/24")
    other = OtherOrigin(Asn(65010), cidr, "ROA")
    missing = CheckRecord(CheckState.MISSING, None, Reason.ROA_MISSING, SEEN)
    return await checked(plot, "rpki", missing, irr=missing, other_origins=(other,))


async def not_valid(plot: Plot) -> str:
    return (await plot.served(origin=64501))[0]


async def unanswered(plot: Plot) -> str:
    return (await bound(plot.world))[0][-32:]


async def unbound(plot: Plot) -> str:
    return (await plot.world.approved())[0]


async def edge_behind(plot: Plot) -> str:
    edge = Edge(plot.world, await plot.world.credential(None, [Scope.EDGE_READ, Scope.EDGE_ACK]))
    await register(plot.operator, "ams1")
    await edge.acknowledge("ams1", 0)
    return await unanswered(plot)


async def flapping(plot: Plot) -> str:
    prefix_id, _, route = await plot.served()
    for one in [UP, DOWN] * 6:
        await plot.world.result("PATCH", route, json=one)
    return prefix_id


async def prepended(plot: Plot) -> str:
    prefix_id, _, route = await plot.served()
    await plot.world.result("PATCH", route, json={"asn_prepend_count": 2})
    now = plot.world.clock.now()
    state = SpeakerState("one", 1, "", 0, now, loaded=True, prepends_lost_as=64500)
    await Routes(plot.engine).note_speaker(state)
    return prefix_id


async def not_offered(plot: Plot) -> str:
    prefix_id, own = await plot.with_own_asn()
    await plot.operator.act(f"/asns/{own}/revoke")
    return prefix_id


async def asn_disputed(plot: Plot) -> str:
    world = plot.world
    prefix_id, _ = await plot.with_own_asn()
    await prove_too(world.store, world.backend.asn_terms, world.other_account_id, 2914)
    return prefix_id


async def pair_unanswered(plot: Plot) -> str:
    return (await plot.with_own_asn())[0]


async def pair_excluded(plot: Plot) -> str:
    prefix_id, _ = await plot.with_own_asn()
    roa = {"prefix": "45.250.0.0/23", "asn": 2914, "maxLength": 24, "ta": "ripe"}
    built = json.loads(export_text([roa], plot.world.clock.now()))
    source = FakeVrpSource(
        plot.directory, json.dumps({**built, "aspas": [aspa(3257, customer=2914)]})
    )
    kept = VrpSnapshots(plot.engine)
    await RefreshRoas(source, JsonVrps(), kept, GATES, plot.world.clock)()
    return prefix_id


async def frozen(plot: Plot) -> str:
    made = await unbound(plot)
    return await plot.changed(made, frozen_for=frozenset({Signal.HOLDER}))


async def leaving(plot: Plot) -> str:
    prefix_id, path, _ = await plot.served()
    await plot.world.result("POST", f"{path}/offboard")
    return prefix_id


async def standing(plot: Plot, which: Standing) -> str:
    leaves = which is Standing.OFFBOARDING
    return await (leaving(plot) if leaves else plot.changed(await unbound(plot), standing=which))


async def suspended(plot: Plot) -> str:
    made = await unbound(plot)
    await plot.operator.act(f"/prefixes/{made}/suspend")
    return made


async def locked(plot: Plot) -> str:
    prefix_id, _, route = await plot.served()
    await plot.operator.act(f"{route}/lock")
    return prefix_id


async def leaving_locked(plot: Plot) -> str:
    """On its way out, with a route that the operator keeps up."""
    prefix_id, path, route = await plot.served()
    await plot.world.result("PATCH", route, json=UP)
    await plot.world.result("POST", f"{path}/offboard")
    statement = sa.text("UPDATE bgp_prefixes SET locked = true WHERE prefix_id = :id")
    async with plot.engine.begin() as connection:
        await connection.execute(statement, {"id": prefix_id})
    return prefix_id


def check_planters() -> Iterator[tuple[str, Planter]]:
    for check in ("irr", "rpki", "ownership"):
        yield f"{check}_outdated", partial(outdated, check=check)
        for state in set(CheckState) - {CheckState.VALID, CheckState.PENDING}:
            record = CheckRecord(state, None, Reason.TOKEN_MISSING, SEEN, "Mend it.")
            yield f"{check}_{state.value}", partial(checked, check=check, record=record)
        yield f"{check}_pending", pending


def nobody_holds(plot: Plot) -> Awaitable[str]:
    return checked(plot, "irr", CheckRecord(CheckState.INVALID, None, Reason.NOT_ALLOCATED, SEEN))


PLANTED: Final[dict[str, Planter]] = {
    **dict(check_planters()),
    "ownership_token_needed": out_of_time,
    "space_not_held": nobody_holds,
    "other_origins_known": other_origin,
    "other_origins_unknown": pending,
    "offboarding_waits": leaving_locked,
    "prefix_not_valid_and_approved": pending,
    "origin_not_valid": not_valid,
    "origin_unanswered": unanswered,
    "incomplete_bgp_deployment": unbound,
    "advertise_state_locked": edge_behind,
    "announced_too_often": flapping,
    "prepend_would_remove": prepended,
    "origin_asn_not_offered": not_offered,
    "asn_disputed": asn_disputed,
    "aspa_excludes_operator": pair_excluded,
    "aspa_unanswered": pair_unanswered,
    "prefix_frozen": frozen,
    "contested": partial(standing, which=Standing.CONTESTED),
    "locked_by_operator": locked,
    "suspended": suspended,
    "offboarding": leaving,
}


@pytest.fixture
def plot(world: World, operator: Operator, engine: AsyncEngine, tmp_path: Path) -> Plot:
    return Plot(world, operator, engine, tmp_path)


@pytest.mark.parametrize("name", NAMES)
async def test_4_every_blocker_is_read_from_the_page_of_its_prefix(plot: Plot, name: str) -> None:
    """Of the rule itself, what to do about it, and the way to its guide; the operator sees both."""
    prefix_id = await PLANTED[name](plot)
    told = await plot.world.result("GET", f"/prefixes/{prefix_id}")
    [message] = [one["message"] for one in told["blockers"] if one["name"] == name]
    about = f"/guide/blockers/{name}"
    shown = await (await signed_in(plot.world, Role.VIEWER)).read(f"/ui/prefixes/{prefix_id}")
    assert name.replace("_", " ") in shown.text
    assert about in shown.links
    begins = " ".join(on_a_page(message).split())[:40]
    assert begins in " ".join(shown.text.split()) or name in PRINTED
    noc = await (await signed_in(plot.world, Role.OPERATOR_VIEWER)).read(
        f"/ui/noc/prefixes/{prefix_id}"
    )
    assert about in noc.links


WAITS_FOR_A_PERSON = {Standing.CONTESTED, Standing.SUSPENDED}


@pytest.mark.parametrize("which", Standing)
async def test_4_every_standing_is_on_the_pages_of_both_sides(plot: Plot, which: Standing) -> None:
    prefix_id = await standing(plot, which)
    told = await plot.world.result("GET", f"/prefixes/{prefix_id}")
    chip = "to be bound" if which is Standing.OK else which.value
    customer = await signed_in(plot.world, Role.VIEWER)
    noc = await signed_in(plot.world, Role.OPERATOR_VIEWER)
    for browser, page in (
        (customer, f"/ui/prefixes/{prefix_id}"),
        (customer, "/ui/prefixes"),
        (noc, f"/ui/noc/prefixes/{prefix_id}"),
        (noc, "/ui/noc/prefixes"),
    ):
        assert chip in (await browser.read(page)).text, page
    if which is not Standing.OK:
        for browser, page in ((customer, "/ui/prefixes"), (noc, "/ui/noc/prefixes")):
            assert told["cidr"] in (await browser.read(f"{page}?state={which.value}")).text
            assert told["cidr"] not in (await browser.read(f"{page}?state=pending")).text
    waits = told["cidr"] in (await noc.read("/ui/noc")).text
    assert waits == (which in WAITS_FOR_A_PERSON)
