"""Routes 2.1: sessions that were told to come up, and not seen up."""

from math import inf

from byoip.domain.prefix import Prefix
from tests.announcing import OURS, PEER, Fleet, reconciling, until
from tests.fakes.speaker import FakeSpeaker
from tests.routes.test_2_1_opening import graceful, held, stands


async def test_a_session_that_ends_before_it_was_seen_up_counts(fleet: Fleet) -> None:
    """The first of all: its peer may keep what it heard in that moment."""

    class Dies(FakeSpeaker):
        async def enable(self, address: str, *, until: float = inf) -> None:
            await super().enable(address, until=until)
            if not self.started:
                self.kill()

    one = Dies("one", OURS, graceful("one").sessions)
    (only,) = await fleet.add("31.0.0.0/24", advertised=True)
    async with reconciling(fleet, one):
        await until(lambda: stands(fleet, "speaker_down", "one"))
        await fleet.withdraw(only)
        one.start()
        await until(lambda: one.feeds(PEER), seconds=20)


async def test_one_that_does_not_open_when_it_is_late_is_told_again_at_once(fleet: Fleet) -> None:
    """As gobgpd does while it works on an earlier order."""

    class Deaf(FakeSpeaker):
        told = 0

        async def enable(self, address: str, *, until: float = inf) -> None:
            self.told += 1
            if self.told > 1:
                await super().enable(address, until=until)

    one = Deaf("one", OURS, graceful("one", seconds=60).sessions)
    await fleet.add("31.0.0.0/24", advertised=True)
    await held(fleet, "one", [Prefix.parse("31.0.1.0/24")])
    await fleet.do("UPDATE speaker_records SET up_at = now() - interval '50 seconds'")
    async with reconciling(fleet, one):
        await until(lambda: one.told > 0)
        await until(lambda: one.feeds(PEER), seconds=10)
