"""What operators and the breaker have done, of what, why, and who did it."""

from collections.abc import Iterator
from typing import Final

from starlette.responses import Response

from byoip.domain.event_kinds import OF_OPERATORS
from byoip.store.claims.views import NumberedEvent
from byoip.web.forms import number_in
from byoip.web.operator.actors import names_of
from byoip.web.operator.noc import require_operator
from byoip.web.visiting import PersonsVisit

_EVENTS: Final = 100
_LONGEST: Final = 120
_MEANING: Final = {
    f"{subject}.{what}": said
    for subject, kinds in OF_OPERATORS.items()
    for what, said in kinds.items()
}
# What says of what an event is; ids are for programs.
_ABOUT: Final = (
    *("of", "name", "role", "cidr", "asn", "speaker", "edge", "place", "what", "kind", "registry"),
    *("signal", "scope", "subject", "number", "revision", "for", "parked", "identity"),
)


async def shown(visit: PersonsVisit) -> Response:
    """A page of it, the newest first."""
    require_operator(visit)
    asked = number_in(visit.request.query_params.get("below", ""))
    newest = await visit.site.operator_reader.newest_event()
    below = newest + 1 if asked is None else asked
    first = max(0, min(below, newest + 1) - 1 - _EVENTS)
    found = await visit.site.operator_reader.events(after=first, limit=_EVENTS)
    rows = [one for one in reversed(found) if one.event.number < below]
    return await visit.page(
        "operator/history.html",
        rows=[(one.event, _about(one.event), one.reason) for one in rows],
        meaning=_MEANING,
        who=await names_of(visit.site, (one.event.actor for one in rows)),
        below=first + 1 if first else 0,
    )


def _about(event: NumberedEvent) -> str:
    text = "; ".join(_said(event))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _said(event: NumberedEvent) -> Iterator[str]:
    for name in _ABOUT:
        value = event.after.get(name, event.before.get(name))
        if isinstance(value, (str, int)) and value != "":
            yield f"{name} {value}"
