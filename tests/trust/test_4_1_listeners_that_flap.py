"""Trust 4.1, the whole kind: a listener's peer that makes routes flap fills no history."""

from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import Seen, SeenPath
from byoip.domain.speakers.tellings import MOST
from byoip.ports.speakers.speaker import Feed, Feeds
from byoip.store.speakers.routes import Routes
from byoip.usecases.speakers.monitor import MonitorRoutes
from byoip.usecases.speakers.observe import ObserveRoutes
from tests.announcing import OURS, Fleet

LOOKS = 3 * MOST


class Flapping:
    """Hears one route, each time anew, and does not hear it where it is told so."""

    name = "flapping"
    looks = 0
    absent = False

    async def sees(self, prefixes: object) -> dict[Prefix, Seen]:
        del prefixes
        self.looks += 1
        if self.absent:
            return {}
        since = f"2026-11-29 01:00:{self.looks:02d}.000"
        return {Prefix.parse("31.0.0.0/24"): Seen.by([OURS], [SeenPath("one", since)])}

    async def feeds(self) -> Feeds:
        return {"one": Feed("2026-11-29 00:00:00", 1)}


async def monitoring(fleet: Fleet, ear: Flapping) -> MonitorRoutes:
    await fleet.add("31.0.0.0/24", advertised=True)
    await fleet.do("UPDATE bgp_prefixes SET settled = change")
    return MonitorRoutes(Routes(fleet.engine), fleet.store, fleet.clock, ObserveRoutes([ear]))


async def told(fleet: Fleet, kind: str) -> int:
    return len(await fleet.ask("SELECT FROM events WHERE kind = :kind", kind=kind))


async def test_a_route_that_is_new_at_each_look_is_told_some_times(fleet: Fleet) -> None:
    ear = Flapping()
    monitor = await monitoring(fleet, ear)
    for _ in range(LOOKS):
        await monitor([])
    assert await told(fleet, "bgp_prefix.lost_and_back") == MOST


async def test_each_loss_that_is_told_has_its_end(fleet: Fleet) -> None:
    ear = Flapping()
    monitor = await monitoring(fleet, ear)
    for look in range(3 * LOOKS):
        ear.absent = look % 3 > 0  # at two looks in a row
        await monitor([])
        lost = await fleet.alarms("lost")
        assert bool(lost) is (look % 3 == 2), "the alarm says it each time"
    assert await told(fleet, "bgp_prefix.lost") == MOST
    ear.absent = False
    await monitor([])
    assert await told(fleet, "bgp_prefix.seen_again") == MOST
