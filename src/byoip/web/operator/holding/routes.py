"""Which pages of what breakers hold are where."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from byoip.domain.accounts.credential import Scope
from byoip.domain.watch.rises import RiseState
from byoip.web.door import Door, form
from byoip.web.operator.holding import levels, trips
from byoip.web.operator.holding.places import BREAKER, LEVELS
from byoip.web.visiting import PersonsVisit

Act: TypeAlias = Callable[[PersonsVisit], Awaitable[Response]]


def holding_routes(door: Door) -> Sequence[BaseRoute]:
    """Everybody of the operator looks; who acts needs the scope."""
    trip, held = f"{BREAKER}/{{trip_id}}", f"{LEVELS}/{{registry}}/{{signal}}"
    forms: dict[str, Act] = {
        f"{trip}/release": trips.release,
        f"{trip}/turn-back": trips.turn_back,
        f"{held}/release": partial(levels.decide, state=RiseState.RELEASED),
        f"{held}/drop": partial(levels.decide, state=RiseState.DROPPED),
    }
    return [
        Route(trip, door.people(trips.shown)),
        Route(held, door.people(levels.shown)),
        *(form(path, door.people(act, Scope.OPERATOR)) for path, act in forms.items()),
    ]
