"""Where the pages of what breakers hold are."""

from typing import Final
from urllib.parse import quote
from uuid import UUID

BREAKER: Final = "/ui/noc/breaker"
LEVELS: Final = f"{BREAKER}/levels"


def page_of_trip(trip_id: UUID) -> str:
    """The page of what waits behind a trip."""
    return f"{BREAKER}/{trip_id.hex}"


def page_of_levels(registry: str, signal: str) -> str:
    """The page of what the breaker of levels holds of a registry and signal."""
    return f"{LEVELS}/{quote(registry, safe='')}/{signal}"
