"""Short ways to drain speakers around a fleet, and to look at drains."""

from datetime import timedelta
from uuid import UUID

from byoip.domain.history import Actor
from byoip.domain.speakers.drain import Drain, DrainTarget
from byoip.usecases.speakers import drains
from tests.announcing import Fleet

BY = Actor("credential:9", "drained")


async def drain(
    fleet: Fleet, target: DrainTarget, *, seconds: float = 3600, wait: int = 0, loses: int = 0
) -> Drain:
    """As an operator."""
    async with fleet.store.transaction(actor=BY) as tx:
        return await drains.drain(
            tx,
            target,
            until=tx.now + timedelta(seconds=seconds),
            wait_seconds=wait,
            loses=loses,
            name="A. Person",
            reason="new line cards",
        )


async def lift(fleet: Fleet, drain_id: UUID) -> None:
    """As an operator."""
    async with fleet.store.transaction(actor=BY) as tx:
        await drains.lift(tx, drain_id, name="A. Person", reason="done")


async def standing(fleet: Fleet) -> list[tuple[str, str, str]]:
    """Of each drain that is not over: what, how far, by whom."""
    return [
        (str(one.target), one.state.value, one.name) for one in await fleet.routes.drains.standing()
    ]


async def the_only(fleet: Fleet) -> Drain:
    """The drain that is not over."""
    (one,) = await fleet.routes.drains.standing()
    return one


async def in_state(fleet: Fleet, state: str) -> bool:
    """Whether there is one drain, and it is so far."""
    return [how for _, how, _ in await standing(fleet)] == [state]


async def none_stands(fleet: Fleet) -> bool:
    return await standing(fleet) == []


async def history(fleet: Fleet) -> list[str]:
    """What operators read of drains, and by whom."""
    return [
        f"{kind} {name}"
        for kind, name in await fleet.ask(
            "SELECT kind, after ->> 'name' FROM operator_events WHERE kind LIKE 'drain.%'"
            " ORDER BY number"
        )
    ]
