"""What other places saw of a prefix, as workers keep it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.evidence import Failed, Fault, Passed, Reason, Unanswered
from byoip.domain.perspectives.quorum import End, Sighting, Subject
from byoip.store.checks.place_sightings import PlaceSightings
from tests.api.world import World
from tests.perspectives.agents import PLACES

PERSPECTIVES = "/ui/noc/perspectives"
AGREES, CONTRADICTS, SILENT = End.AGREES, End.CONTRADICTS, End.SILENT
NOT_ASKED = "not asked"


def ends(end: str, seen: str) -> Passed | Failed | Unanswered:
    """A check that ends so."""
    if end == AGREES:
        return Passed(seen)
    if end == CONTRADICTS:
        return Failed(Reason.TOKEN_MISSING, seen, "Publish it.")
    return Unanswered(Fault.NOT_ASKED if end == NOT_ASKED else Fault.TIMEOUT, seen)


async def saw(
    world: World,
    engine: AsyncEngine,
    prefix_id: str,
    seen: str = "The token is not there.",
    *,
    what: str = "ownership_rdns",
    **others: str,
) -> None:
    """All places agree about a prefix, but these."""
    async with world.store.transaction() as tx:
        cidr = str((await tx.claims.lock(UUID(prefix_id))).prefix)
    each = [Sighting(one, ends(others.get(one.name, AGREES), seen)) for one in PLACES]
    assert {*others} <= {one.name for one in PLACES}
    kept = PlaceSightings(engine)
    await kept.note(Subject(UUID(prefix_id), cidr), {what: each}, world.clock.now())
