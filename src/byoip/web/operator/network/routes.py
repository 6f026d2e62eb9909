"""Which pages of speakers, listeners, edges and settings are where."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from byoip.domain.accounts.credential import Scope
from byoip.web.door import Door, form
from byoip.web.operator.network import edges, listeners, perspectives, settings, speakers
from byoip.web.operator.network.places import EDGES, LISTENERS, PERSPECTIVES, SETTINGS, SPEAKERS


def network_routes(door: Door) -> Sequence[BaseRoute]:
    """Everybody of the operator looks; who acts needs the scope."""
    speaker, edge = f"{SPEAKERS}/speakers/{{speaker}}", f"{EDGES}/{{edge}}"
    forms = {
        f"{speaker}/open": speakers.open_sessions,
        f"{speaker}/lift": speakers.lift,
        f"{speaker}/forget": speakers.forget,
        f"{LISTENERS}/{{listener}}/forget": listeners.forget,
        EDGES: edges.register,
        f"{edge}/drain": edges.drain,
        f"{edge}/take-back": edges.take_back,
        f"{edge}/remove": edges.remove,
        f"{SETTINGS}/apply": settings.apply,
        f"{SETTINGS}/take-back": settings.take_back,
        f"{PERSPECTIVES}/{{about}}/ask-again": perspectives.ask_again,
        f"{PERSPECTIVES}/{{about}}/settle": perspectives.settle,
    }
    return [
        Route(SPEAKERS, door.people(speakers.listed)),
        Route(speaker, door.people(speakers.one)),
        Route(LISTENERS, door.people(listeners.listed)),
        Route(EDGES, door.people(edges.listed)),
        Route(edge, door.people(edges.one)),
        Route(SETTINGS, door.people(settings.shown)),
        Route(PERSPECTIVES, door.people(perspectives.listed)),
        *(form(path, door.people(act, Scope.OPERATOR)) for path, act in forms.items()),
    ]
