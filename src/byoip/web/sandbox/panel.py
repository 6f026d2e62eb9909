"""The sandbox on pages: records published by a button, and a panel that plants faults.

Loaded by a sandbox alone: production has no such pages.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from byoip.domain.accounts.credential import Scope
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.precondition import PreconditionFailed
from byoip.ports.portal import Portal
from byoip.web.checks import texts_of
from byoip.web.door import Door, form
from byoip.web.forms import fresh_key, seen_of, version_of
from byoip.web.prefix import claim_id_of, prefix_page
from byoip.web.sandbox.numbers import publish_number
from byoip.web.site import NotServed
from byoip.web.telling import Told, require_seen, tried
from byoip.web.visiting import PersonsVisit, leading

_PATH: Final = "/ui/sandbox"
_ANCHOR: Final = "ripe"  # of ROA data where no registry is known yet; the sandbox trusts all five
_ANCHORS: Final = {"ripencc": "ripe"}


def sandbox_routes(portal: Portal) -> Callable[[Door], Sequence[BaseRoute]]:
    """The pages of a sandbox with these portals."""

    def routes(door: Door) -> Sequence[BaseRoute]:
        publish = "/ui/prefixes/{prefix_id}/publish/{record}"
        of_number = door.people(partial(publish_number, portal=portal), Scope.PREFIXES_WRITE)
        return [
            Route(_PATH, door.people(partial(panel, portal=portal))),
            form(_PATH, door.people(partial(plant, portal=portal))),
            form(
                publish, door.people(partial(publish_record, portal=portal), Scope.PREFIXES_WRITE)
            ),
            form("/ui/asns/{asn_id}/publish/autnum", of_number),
        ]

    return routes


async def panel(visit: PersonsVisit, portal: Portal) -> Response:
    """How the parties behave, and forms to change that."""
    done = "Done: checks ask them so from now on." if "done" in visit.request.query_params else ""
    return await _panel(visit, portal, Told(done=done))


async def _panel(visit: PersonsVisit, portal: Portal, told: Told) -> Response:
    return await visit.page(
        "sandbox/panel.html",
        told.status,
        told=told,
        parties=portal.parties,
        seen=seen_of(*_planted(portal)),
        key=fresh_key,
    )


async def plant(visit: PersonsVisit, portal: Portal) -> Response:
    """Have parties misbehave as the form says; those that it leaves out behave.

    Raises:
        NotServed: a kind that there is not.
    """
    kinds = {one.key: visit.form.get(one.key, "") for one in portal.parties}
    if kinds == dict(_planted(portal)):  # a second click, or nothing new
        return leading(f"{_PATH}?done=planted")
    try:
        require_seen(visit, *_planted(portal))
    except PreconditionFailed:
        return await _panel(visit, portal, Told(412, stale=True))
    try:
        await portal.plant(kinds)
    except ValueError as unknown:
        raise NotServed(422, "Not known", f"Nothing was done: {unknown}.") from None
    return leading(f"{_PATH}?done=planted")


def _planted(portal: Portal) -> list[tuple[str, str]]:
    return [(one.key, one.planted) for one in portal.parties]


async def publish_record(visit: PersonsVisit, portal: Portal) -> Response:
    """Publish one of the records that the page of a prefix prints, as it prints it."""
    return await tried(visit, _published(visit, portal), partial(prefix_page, visit))


async def _published(visit: PersonsVisit, portal: Portal) -> Response:
    """The same of the version that the page was drawn from.

    Raises:
        NotServed: the page prints no such record now.
        PreconditionFailed: the page is another one by now.
    """
    view = await visit.site.reader.claim(visit.account_id, claim_id_of(visit))
    version_of(visit.form).require(view.claim.version)
    claim, token, advice = view.claim, view.token, visit.site.advice
    printed = {one.id: one for one in texts_of(visit, view)}
    record = printed.get(visit.request.path_params["record"])
    registry = advice.registries.get(claim.registry or "")
    if record is None:
        raise NotServed(409, "Not printed now", "Open the page of the prefix again.")
    if record.id == "rdns" and token is not None:
        owners = [zone.owner(advice.label) for zone in reverse_zones(claim.prefix)]
        await portal.put_txt(owners, token.value)
    elif record.id == "irr" and registry is not None:
        await portal.put_object(registry.source, record.text)
    else:
        key = registry.key if registry is not None else ""
        anchor = _ANCHORS.get(key, key) or _ANCHOR
        await portal.put_roa(claim.prefix, claim.asn, anchor)
    return leading(f"/ui/prefixes/{claim.id.hex}?done=published")
