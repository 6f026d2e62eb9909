"""The sandbox on pages: records published by a button, and a panel that plants faults.

Loaded by a sandbox alone: production has no such pages.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from byoip.domain.accounts.credential import Scope
from byoip.ports.portal import Portal
from byoip.web.door import Door, form
from byoip.web.forms import fresh_key
from byoip.web.sandbox.publishing import publish_number, publish_record
from byoip.web.site import NotServed
from byoip.web.visiting import PersonsVisit, leading

_PATH: Final = "/ui/sandbox"


def sandbox_routes(portal: Portal) -> Callable[[Door], Sequence[BaseRoute]]:
    """The pages of a sandbox with these portals."""

    def routes(door: Door) -> Sequence[BaseRoute]:
        record = partial(publish_record, portal=portal)
        number = partial(publish_number, portal=portal)
        of_prefix, of_number = "/ui/prefixes/{prefix_id}/publish/{record}", "/ui/asns/{asn_id}"
        return [
            Route(_PATH, door.people(partial(panel, portal=portal))),
            form(_PATH, door.people(partial(plant, portal=portal))),
            form(of_prefix, door.people(record, Scope.PREFIXES_WRITE)),
            form(f"{of_number}/publish/autnum", door.people(number, Scope.PREFIXES_WRITE)),
        ]

    return routes


async def panel(visit: PersonsVisit, portal: Portal) -> Response:
    """How the parties behave, and forms to change that."""
    done = "Done: checks ask them so from now on." if "done" in visit.request.query_params else ""
    return await visit.page("sandbox/panel.html", parties=portal.parties, done=done, key=fresh_key)


async def plant(visit: PersonsVisit, portal: Portal) -> Response:
    """Have parties misbehave as the form says; those that it leaves out behave.

    Raises:
        NotServed: a kind that there is not.
    """
    kinds = {one.key: visit.form.get(one.key, "") for one in portal.parties}
    try:
        await portal.plant(kinds)
    except ValueError as unknown:
        raise NotServed(422, "Not known", f"Nothing was done: {unknown}.") from None
    return leading(f"{_PATH}?done=planted")
