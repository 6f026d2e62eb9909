"""What a worker does for a world: carry out runs, and look for tokens before they are published."""

from typing import TYPE_CHECKING
from uuid import UUID

from byoip.domain.claims.claim import Claim
from byoip.domain.history import Actor
from byoip.usecases.checks.first_looks.look_first import LookFirst
from byoip.usecases.checks.request_validation import NewTokens
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.checks.turns import Turns
from tests.fakes.tokens import RandomHex

if TYPE_CHECKING:
    from tests.usecases.world import World

WORKER = Actor("worker", "job-1")


async def look(world: "World", token_id: UUID, retries: int = 0) -> None:
    """The job that looks for a token."""
    await LookFirst(world.store, world.ask, Turns())(token_id, retries, by=WORKER)


async def look_at_once(world: "World", claim: Claim) -> None:
    """As a worker does where a registry has the holder rule, before its customer publishes."""
    if world.looks and any(one.holder_rule for one in world.registries.values()):
        await look(world, (await world.token(claim)).id)


def validation_of(world: "World", heartbeat: float) -> RunValidation:
    tokens = NewTokens(RandomHex(), world.terms.token_lifetime, world.registries)
    return RunValidation(world.store, world.ask, heartbeat, tokens=tokens)
