"""Runs of the checks, as a worker carries them out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from byoip.usecases.checks.run_validation import RunValidation
from tests.api.world import World
from tests.usecases.world import WORKER

LEASE = timedelta(seconds=30)


async def carry_out(world: World, run_id: str) -> None:
    run = RunValidation(world.store, world.backend.preflight.ask)
    await run(UUID(run_id), by=WORKER)


async def validate(world: World, prefix_id: str) -> dict[str, Any]:
    """The whole envelope of asking for it."""
    answered = await world.call("POST", f"/prefixes/{prefix_id}/validate")
    assert answered.status_code == 202, answered.text
    told: dict[str, Any] = answered.json()
    return told


def states(prefix: dict[str, Any]) -> list[str]:
    """Of irr, rpki and ownership."""
    return [prefix[f"{one}_validation_state"] for one in ("irr", "rpki", "ownership")]
