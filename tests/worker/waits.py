"""Conditions that tests of the reconciler wait for."""

from byoip.domain.prefix import Prefix
from tests.announcing import Fleet


async def trips(fleet: Fleet) -> bool:
    return bool(await fleet.ask("SELECT FROM breaker_trips"))


async def holds(fleet: Fleet, kind: str, prefix: Prefix) -> bool:
    return fleet.ids[prefix][2].hex in await fleet.alarms(kind)


async def absent(fleet: Fleet, many: int) -> bool:
    return len(await fleet.alarms("absent")) == many


async def none(fleet: Fleet, kind: str) -> bool:
    return not await fleet.alarms(kind)


async def dead(fleet: Fleet, name: str) -> bool:
    return bool(await fleet.ask("SELECT FROM speakers WHERE name = :name AND NOT alive", name=name))


async def told(fleet: Fleet, kind: str) -> bool:
    return bool(await fleet.ask("SELECT FROM events WHERE kind = :kind", kind=kind))
