"""R12: to announce again never depends on what was just taken away."""

import pytest
import sqlalchemy.exc

from byoip.domain.routes.breaker import Source
from byoip.usecases.speakers.retract import RetractRoute
from tests.announcing import Fleet, listener, path, reconciling, speaker, until


async def test_after_a_roll_back_the_owner_announces_again_as_ever(fleet: Fleet) -> None:
    one = speaker("one")
    ear = listener(one)
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, listeners=[ear]):
        ear.absent.add(prefix)
        await fleet.announce(prefix)
        await until(lambda: ledger(fleet, Source.ROLL_BACK))
        await until(fleet.settled)
        ear.absent.clear()
        await fleet.announce(prefix)
        await until(lambda: one.paths == {prefix: path(prefix)})
        await until(fleet.settled)
    bindings = await fleet.ask("SELECT live FROM bindings")
    assert bindings == [(True,)]


async def test_the_binding_cannot_go_from_under_an_advertised_route(fleet: Fleet) -> None:
    await fleet.add("31.0.0.0/24", advertised=True)
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        await fleet.do("UPDATE bindings SET removed_at = now()")


async def test_a_roll_back_takes_nothing_but_the_route(fleet: Fleet) -> None:
    (prefix,) = await fleet.add("31.0.0.0/24", advertised=True)
    (known,) = await fleet.routes.states("one")
    assert await RetractRoute(fleet.store, fleet.clock)([known.desired])
    row = await fleet.desired(prefix)
    assert not row.desired.advertised
    assert row.route.prefix == prefix
    assert await fleet.ask("SELECT FROM bindings WHERE live") == [()]


async def ledger(fleet: Fleet, source: Source) -> bool:
    return bool(await fleet.ask("SELECT FROM withdrawals WHERE source = :it", it=source.value))
