"""Routes 4.2: a change is settled only when what was seen of it is on record."""

from typing import Any

import pytest

from byoip.store.speakers.routes import Routes
from byoip.store.unavailable import StoreUnavailable
from tests.announcing import Fleet, listener, reconciling, speaker, until


async def test_what_was_seen_is_recorded_before_its_change_is_settled(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = speaker("one")
    (prefix,) = await fleet.add("31.0.0.0/24")
    async with reconciling(fleet, one, listeners=[listener(one)]):
        await fleet.announce(prefix)
        await until(fleet.settled)
    assert await shown(fleet) == {True}
    await fleet.withdraw(prefix)
    tried = 0

    async def cut_off(*_: Any) -> None:
        nonlocal tried
        tried += 1
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(Routes, "record_observations", cut_off)
        async with reconciling(fleet, one, listeners=[listener(one)]):
            await until(lambda: tried >= 3 and not one.paths)
        assert not await fleet.settled(), "withdrawn, and shown as seen until somebody looks again"
    async with reconciling(fleet, one, listeners=[listener(one)]):
        await until(fleet.settled)
    assert await shown(fleet) == {False}


async def shown(fleet: Fleet) -> set[bool]:
    """What the route's observers saw last."""
    return {seen for (seen,) in await fleet.ask("SELECT advertised FROM observed_routes")}
