"""R3: each row is read again under lock just before it is acted on; who moved on is skipped."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from math import inf
from uuid import UUID, uuid4

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute, RouteState
from byoip.store.speakers.routes import Routes
from byoip.usecases.speakers.sync_speaker import SyncSpeaker
from tests.announcing import MARKING, Fleet, path, speaker


class Mistaken(Routes):
    """Reads rows that look withdrawn, by whatever fault: stale, or a query that is wrong."""

    async def states(self, speaker: str) -> Sequence[RouteState]:
        return [_turned(one) for one in await super().states(speaker)]

    async def states_of(self, speaker: str, ids: Collection[UUID]) -> Sequence[RouteState]:
        return [_turned(one) for one in await super().states_of(speaker, ids)]


def _turned(one: RouteState) -> RouteState:
    gone = replace(one.desired, advertised=False, withdrawal_id=uuid4(), request_id="no-request")
    return RouteState(gone, AppliedRoute(True, True, one.desired.change))  # noqa: FBT003


class AllAdmitted:
    def admits(self, desired: DesiredRoute, stage: int) -> bool:  # noqa: ARG002
        return True

    def not_held(self, desired: DesiredRoute, speaker: str) -> None:
        """All is held here."""


class Ours:
    async def require(self) -> float:
        return inf

    async def standing(self) -> float:
        return inf


async def test_a_plan_that_is_wrong_about_every_row_withdraws_none(fleet: Fleet) -> None:
    one = speaker("one")
    prefixes = await fleet.add(*(f"31.0.{n}.0/24" for n in range(40)), advertised=True)
    one.put(*(path(each) for each in prefixes))
    known = await fleet.routes.states("one")
    await fleet.routes.mark_announced("one", [each.desired for each in known], fleet.clock.now())
    sync = SyncSpeaker(
        one,
        1,
        MARKING,
        Mistaken(fleet.engine),
        Ours(),  # type: ignore[arg-type] # is never woken
        AllAdmitted(),
        fleet.clock,
        fleet.store,
    )
    await sync.full_sync()
    await sync.sync_changes([fleet.ids[each][2] for each in prefixes])
    assert one.calls("withdraw") == 0
    assert set(one.paths) == set(prefixes)


class Behind(Routes):
    """Reads rows, and then its owner withdraws one before anything comes of it."""

    fleet: Fleet
    prefix: Prefix

    async def states_of(self, speaker: str, ids: Collection[UUID]) -> Sequence[RouteState]:
        known = await super().states_of(speaker, ids)
        await self.fleet.withdraw(self.prefix)
        return known


async def test_what_its_owner_has_just_withdrawn_is_not_announced_any_more(fleet: Fleet) -> None:
    one = speaker("one")
    kept, gone = await fleet.add("31.0.0.0/24", "31.0.1.0/24", advertised=True)
    routes = Behind(fleet.engine)
    routes.fleet, routes.prefix = fleet, gone
    made_of = routes, Ours(), AllAdmitted(), fleet.clock, fleet.store
    sync = SyncSpeaker(one, 1, MARKING, *made_of)  # type: ignore[arg-type] # is never woken
    done = await sync.sync_changes([fleet.ids[each][2] for each in (kept, gone)])
    assert done.changed == {fleet.ids[kept][2]}
    assert set(one.paths) == {kept}
    held = await fleet.ask("SELECT bgp_prefix_id FROM applied_routes WHERE may_hold")
    assert held == [(fleet.ids[kept][2],)]


async def test_a_row_that_is_just_changed_is_waited_for(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    (known,) = await fleet.routes.states("one")
    await fleet.routes.mark_announced("one", [known.desired], fleet.clock.now())
    await fleet.withdraw(prefix)
    (known,) = await fleet.routes.states("one")
    assert list(await fleet.routes.withdrawable("one", [known.desired])) == [
        known.desired.bgp_prefix_id
    ]
    claim, _, row = fleet.ids[prefix]
    async with fleet.store.transaction() as tx:
        await tx.claims.lock(claim)
        (binding,) = await tx.bindings.of(claim)
        before = await tx.bgp_prefixes.get(claim, row)
        again = before.announced(binding, prepend=0, request_id="again", now=fleet.clock.now())
        await tx.bgp_prefixes.save(again)
        await tx.session.flush()
        asking = asyncio.create_task(fleet.routes.withdrawable("one", [known.desired]))
        await asyncio.sleep(0.1)
        assert not asking.done()
    assert list(await asking) == []
