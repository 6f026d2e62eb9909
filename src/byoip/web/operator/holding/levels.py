"""What the breaker of levels holds of a registry and signal, one by one, and what is decided."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from starlette.responses import Response

from byoip.domain.watch.levels import Signal
from byoip.domain.watch.rises import RiseState
from byoip.store.transaction import Transaction
from byoip.usecases.watch import lift
from byoip.web.facts import with_facts
from byoip.web.forms import fresh_key, number_of, seen_of
from byoip.web.operator.holding.places import page_of_levels
from byoip.web.operator.noc import PAGE, require_operator
from byoip.web.prefixes import cursor_of, cursor_text
from byoip.web.site import NotServed
from byoip.web.telling import Told, require_seen, tried
from byoip.web.visiting import PersonsVisit


async def shown(visit: PersonsVisit) -> Response:
    """All of them, the oldest first."""
    require_operator(visit)
    return await _page(visit, Told())


async def decide(visit: PersonsVisit, state: RiseState) -> Response:
    """Release or drop just those that were seen; what is held since waits on."""
    require_operator(visit)
    (registry, signal), reason = _named(visit), visit.form.get("reason", "")

    def require(rises: Sequence[UUID]) -> None:
        require_seen(visit, *rises)

    many = number_of(visit.form, "many")
    decided = partial(lift.decide, state=state, reason=reason, many=many, require=require)

    async def verb(tx: Transaction) -> int:
        return await decided(tx, registry, signal)

    work = visit.write(verb, lambda _: "/ui/noc?done=done")
    return await tried(visit, work, partial(_page, visit))


async def _page(visit: PersonsVisit, told: Told) -> Response:
    reader, (registry, signal) = visit.site.reader.watches, _named(visit)
    held = await reader.held_ids(registry, signal)
    after = cursor_of(visit.request.query_params.get("after", ""))
    found = await reader.held_of(registry, signal, after=after, limit=PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return await visit.page(
        "operator/holding/levels.html",
        told.status,
        told=told,
        here=page_of_levels(registry, signal.value),
        registry=registry,
        signal=signal.value.replace("_", " "),
        total=len(held),
        rows=found[:PAGE],
        next=cursor_text(last.at, last.id) if last else "",
        seen=seen_of(*held),
        key=fresh_key,
        **with_facts(visit, told, {"held": len(held)}),
    )


def _named(visit: PersonsVisit) -> tuple[str, Signal]:
    given = visit.request.path_params
    try:
        return str(given["registry"]), Signal(given["signal"])
    except ValueError:
        raise NotServed(404, "Not found", "There is no such signal.") from None
