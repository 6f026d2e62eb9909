"""Failover and Tools 3.1: a webhook's receiver over a promotion that has lost what it got."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from byoip.cli.stopping import ended
from byoip.domain.history import Actor, Event
from byoip.store.unavailable import StoreUnavailable
from tests.announcing import OWNER, until
from tests.failover.test_2_2_promotion import World, world
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import Receiver, receiver

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

# Clocks may differ by a minute: what is older than the last sign of life by more is safe.
LONG_AGO = timedelta(minutes=2)
EPOCH = "SELECT epoch FROM feed_epochs ORDER BY number DESC LIMIT 1"


def hooked_on(here: World, directory: Path, account_id: UUID) -> Hooked:
    """Webhooks of the fleet's account, on its store: its witness knows of each write."""
    made = Hooked(here.fleet.engine, directory)
    made.account_id, made.clock, made.store = account_id, here.fleet.clock, here.fleet.store  # type: ignore[assignment]  # neither counts nor is set
    return made


async def describe(here: World, *words: str, ago: timedelta = timedelta(0)) -> None:
    """As the owner, who tries again while the database is away."""
    claim, _, _ = here.fleet.ids[here.stays]

    async def written(one: str) -> bool:
        by = Actor(OWNER.name, one)  # each is a request of its own
        try:
            async with here.fleet.store.transaction(actor=by) as tx:
                after = {"description": one}
                tx.events.note(Event(claim, "prefix.described", by, tx.now - ago, after=after))
        except StoreUnavailable:
            return False
        return True

    for one in words:
        await until(partial(written, one))


def words(there: Receiver) -> list[str]:
    """What the events say that it got."""
    return [one.shown["data"]["after"]["description"] for one in there.got if one.number]


async def test_3_1_after_a_lossy_promotion_a_receiver_goes_on_from_the_safe_number(
    tmp_path: Path,
) -> None:
    async with world() as here, receiver() as there:
        ((account_id,),) = await here.fleet.ask("SELECT DISTINCT account_id FROM prefixes")
        hooked = hooked_on(here, tmp_path, account_id)
        sending = asyncio.create_task(hooked.notifier().run())
        await hooked.hook(there)
        await describe(here, "safe 1", "safe 2", ago=LONG_AGO)
        await describe(here, "kept")
        await until(lambda: words(there) == ["safe 1", "safe 2", "kept"])
        before = there.got[-1].shown["data"]["epoch"]
        (_, safe, kept) = there.numbers
        await asyncio.to_thread(here.pair.caught_up)
        await asyncio.to_thread(here.pair.cut_standby_off)
        await describe(here, "lost 1", "lost 2")
        await until(lambda: words(there)[3:] == ["lost 1", "lost 2"])
        known = {one.id for one in there.got}
        there.got.clear()

        await here.fail_over()
        assert await here.judged() == ["routes.doubted"]
        await describe(here, "new 1", "new 2", "new 3")
        await until(lambda: words(there)[-1:] == ["new 3"])
        await ended(sending, patience=2)

        told, *events = there.got
        ((epoch,),) = here.promoted(EPOCH)
        assert told.shown["type"] == "feed.restarted"
        data = told.shown["data"]
        assert (data["epoch_before"], data["epoch"]) == (before, epoch.hex)
        assert epoch.hex != before
        assert data["after"] == safe
        # What is not proven to be the same comes again; what is lost does not, nor is a hole left.
        assert words(there) == ["kept", "new 1", "new 2", "new 3"]
        assert there.numbers == [kept, kept + 1, kept + 2, kept + 3]
        assert events[0].shown["data"]["previous"] == safe
        assert all(one.id.startswith(f"evt_{epoch.hex}_") for one in events)
        assert not known & {one.id for one in there.got}, "none is dropped as known"
