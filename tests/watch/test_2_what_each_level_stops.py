"""What the table says that each level stops is what the service refuses, and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest

from byoip.domain.claims.move import HolderInDoubt
from byoip.domain.letters.letter import letter_due
from byoip.domain.routes.bgp_prefix import Contested
from byoip.domain.watch import renewing
from byoip.domain.watch.dispute import PrefixDisputed
from byoip.domain.watch.effects import Act, Stage, stops
from byoip.domain.watch.freezing import NotFrozen, PrefixFrozen
from byoip.domain.watch.levels import Signal
from byoip.store.speakers.routes import Routes as SpeakerRoutes
from byoip.usecases.bindings import bindings
from byoip.usecases.claims import delegations
from byoip.usecases.routes.announce_on_word import announce_on_word
from tests.store.samples import BY
from tests.usecases.routes import PART, Routes, valid
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR
from tests.watch.test_5_disputes import disputed
from tests.watch.test_5_holders import sold
from tests.watch.test_5_records import looks, zone_lost
from tests.watch.test_6_moves import offer, on_word
from tests.watching import Days

# For the watch alone; any other refusal is a fault of the test.
_REFUSED = PrefixFrozen, PrefixDisputed, HolderInDoubt, Contested


async def buyer(days: Days, routes: Routes) -> None:
    del routes
    await sold(days, (CIDR, "allocated", "buyer"))


async def sale(days: Days, routes: Routes) -> None:
    for _ in range(2):
        await buyer(days, routes)


async def other_maintainer(days: Days, routes: Routes) -> None:
    del routes
    text = f"route: {CIDR}\norigin: AS64500\nmnt-by: B-MNT\nsource: RIPE"
    days.world.registry.put("RIPE", text)
    await looks(days, 10)


async def no_zone(days: Days, routes: Routes) -> None:
    del routes
    await zone_lost(days)


Cause = Callable[[Days, Routes], Awaitable[object]]
CASES: list[tuple[Stage, Signal, Cause]] = [
    (Stage.NOTICE, Signal.HOLDER, buyer),
    (Stage.WARN, Signal.ROUTE_OBJECT, other_maintainer),
    (Stage.FREEZE, Signal.REVERSE_ZONE, no_zone),
    (Stage.FREEZE, Signal.HOLDER, sale),
    (Stage.DISPUTE, Signal.HOLDER, disputed),
]


@pytest.mark.parametrize(
    ("stage", "signal", "cause"), CASES, ids=[f"{one}-{signal}" for one, signal, _ in CASES]
)
async def test_the_table_is_what_is_refused(
    days: Days,
    routes: Routes,
    services: dict[str, UUID],
    stage: Stage,
    signal: Signal,
    cause: Cause,
) -> None:
    world, claim = days.world, routes.claim
    extra, other = await routes.add("31.0.0.0/24"), await world.new_account()
    days.roas = [valid(CIDR, longest=24)]
    await cause(days, routes)
    await days.snapshot()
    reached = await days.level(claim, signal)
    assert stage is Stage.DISPUTE or reached.value == stage.value
    delegate = Verb(world.store, partial(delegations.delegate, expires_at=None))

    async def again() -> None:
        await routes.patch(advertised=False)
        await routes.patch(advertised=True)

    async def keep() -> None:
        """All that is withdrawn is up again by `again`, or stays where that is stopped."""
        await routes.patch(prepend=1)
        swap = Verb(world.store, bindings.swap)
        await swap(*routes.ids, routes.binding_id, service_id=services["Spectrum"], by=BY)
        speakers = SpeakerRoutes(world.engine)  # one that restarts asks for these
        wanted = [one.desired for one in await speakers.states("s")]
        assert [str(one.prefix) for one in wanted if one.advertised] == [CIDR]
        await routes.patch(advertised=False)

    async def letter() -> bool:
        now = replace(await world.now(claim), delegate_loa_creation=True)
        return not letter_due(now, None, world.clock.now(), barred=False, lately=0)

    async def renewal() -> bool:
        why = renewing.changed(await world.now(claim), await days.watches(claim))
        return why.startswith(("It is frozen", "These are not"))

    async def announced_on_word() -> None:
        act = Verb(world.store, announce_on_word)
        try:
            await act(claim.id, extra, reason="attack", by=BY)
        except NotFrozen:  # its owner may
            assert not stops(stage, Act.ANNOUNCE, {signal})

    acts: dict[Act, Callable[[], Awaitable[object]]] = {
        Act.KEEP: keep,
        Act.WRITE_LETTER: letter,
        Act.RENEW: renewal,
        Act.ADD_ROUTE: partial(routes.add, "31.0.1.0/24"),
        Act.BIND: partial(world.bind, claim, PART, services["CDN"]),
        Act.DELEGATE: partial(
            delegate, *routes.ids, cidr="31.0.1.0/24", delegated_account_id=other, by=BY
        ),
        Act.GIVE: partial(offer, world, claim, other),
        Act.ANNOUNCE: partial(routes.patch, extra, advertised=True),
        Act.ANNOUNCE_AGAIN: again,
        Act.ANNOUNCE_ON_WORD: announced_on_word,
        Act.LIFT: partial(on_word, world, claim, other),
    }
    assert {*acts} == {*Act}
    refused = {act: await _refused(attempt) for act, attempt in acts.items()}
    assert refused == {act: stops(stage, act, {signal}) for act in acts}


async def _refused(attempt: Callable[[], Awaitable[object]]) -> bool:
    try:
        return await attempt() is True
    except _REFUSED:
        return True
