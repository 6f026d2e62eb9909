"""Edges: what each has carried out and serves, and what operators may do about it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.bindings.edge import Edge, EdgeNotFound, agreed
from byoip.store.bindings.views import EdgeView
from byoip.store.transaction import Transaction
from byoip.usecases.bindings import edges as verbs
from byoip.usecases.border import Verb
from byoip.web.forms import fresh_key, seen_of, typed
from byoip.web.operator.network.places import EDGES
from byoip.web.operator.noc import require_operator
from byoip.web.telling import Told, require_seen, told_of, tried
from byoip.web.visiting import PersonsVisit

SILENT: Final = timedelta(minutes=5)  # it repeats its last number once a minute
_MOST: Final = 50  # changes that an edge lacks, on its page
_DONE: Final[Mapping[str, str]] = {
    "registered": "It is registered. It counts once it has acknowledged all that is bound.",
    "drained": "It is drained: announcing waits for it no longer.",
    "back": "It is back in service.",
    "removed": "It is removed. By acknowledging alone it does not come back.",
}


async def listed(visit: PersonsVisit) -> Response:
    """All that are not removed, by name, and a form to register one."""
    require_operator(visit)
    return await _list(visit, told_of(visit, _DONE))


async def one(visit: PersonsVisit) -> Response:
    """One of them: what it serves, what it lacks, and what may be done."""
    require_operator(visit)
    return await _page(visit, told_of(visit, _DONE))


async def register(visit: PersonsVisit) -> Response:
    """Register an edge, also one that was removed."""
    require_operator(visit)
    name = visit.form.get("name", "").strip()
    verb = _put(visit, name, drained=False)
    return await tried(
        visit, _written(visit, verb, f"{EDGES}?done=registered"), partial(_list, visit)
    )


async def drain(visit: PersonsVisit) -> Response:
    """Have announcing wait for it no longer."""
    require_operator(visit)
    verb = _put(visit, _named(visit), drained=True)
    work = _written(visit, verb, f"{EDGES}/{_named(visit)}?done=drained")
    return await tried(visit, work, partial(_page, visit))


async def take_back(visit: PersonsVisit) -> Response:
    """Take a drained one back into service."""
    require_operator(visit)
    verb = _put(visit, _named(visit), drained=False)
    work = _written(visit, verb, f"{EDGES}/{_named(visit)}?done=back")
    return await tried(visit, work, partial(_page, visit))


async def remove(visit: PersonsVisit) -> Response:
    """Take it out for good."""
    require_operator(visit)
    name, reason = _named(visit), visit.form.get("reason", "")
    if not typed(visit.form, name):
        return await _page(visit, Told.asking_for(name))

    async def verb(tx: Transaction) -> EdgeView:
        await _require_as_seen(visit, tx, name)
        return await verbs.remove(tx, edge=name, reason=reason)

    work = _written(visit, verb, f"{EDGES}?done=removed")
    return await tried(visit, work, partial(_page, visit))


def chips(view: EdgeView, now: datetime) -> Sequence[tuple[str, str]]:
    """How it is, as tone and word."""
    edge = view.edge
    state = ("good", "serving") if edge.counts else ("wait", "joining")
    found = [("wait", "drained") if edge.drained else state]
    silent = edge.heard_at is None or now - edge.heard_at > SILENT
    return [*found, *([("bad", "silent" if edge.heard_at else "never heard")] if silent else [])]


def touched(edges: Sequence[Edge], one: Edge, newest: int) -> tuple[str, str]:
    """What draining one touches, and what removing it does."""
    others = [each for each in edges if each.id != one.id]
    serving = sum(each.in_service for each in others)
    drained = f"Announcing waits for it no longer. Others that serve: {serving}."
    if one.in_service and not serving:
        drained = "No other edge serves: with all drained, nothing new is announced."
    now, then = agreed(edges, newest), agreed(others, newest)
    if not any(each.counts for each in others):
        return drained, "No other edge counts: each change of a binding takes effect at once."
    if then > now:
        return drained, f"Changes {now + 1} to {then} take effect: a majority of the rest has them."
    return drained, "What has taken effect stays as it is; a majority is one of fewer edges."


def _put(visit: PersonsVisit, name: str, *, drained: bool) -> Verb[EdgeView]:
    reason = visit.form.get("reason", "")

    async def verb(tx: Transaction) -> EdgeView:
        await _require_as_seen(visit, tx, name)
        return await verbs.put(tx, edge=name, drained=drained, reason=reason)

    return verb


async def _require_as_seen(visit: PersonsVisit, tx: Transaction, name: str) -> None:
    """Of what may be registered it was seen that it is not there."""
    await tx.edges.alone()
    found = [one for one in await tx.edges.all() if one.name == name]
    require_seen(visit, *_facts(found[0] if found else None))


async def _written(visit: PersonsVisit, verb: Verb[EdgeView], to: str) -> Response:
    answer = await visit.write(verb, lambda _: to)
    await visit.site.converge_bindings(by=visit.actor)
    return answer


async def _list(visit: PersonsVisit, told: Told) -> Response:
    found = await visit.site.edges.edges()
    edges, newest = [one.edge for one in found], found[0].newest if found else 0
    return await visit.page(
        "operator/network/edges.html",
        told.status,
        told=told,
        rows=[(one, chips(one, visit.now)) for one in found],
        counting=sum(one.counts for one in edges),
        agreed=agreed(edges, newest),
        newest=newest,
        form=visit.form,
        seen=seen_of(*_facts(None)),
        key=fresh_key,
    )


async def _page(visit: PersonsVisit, told: Told) -> Response:
    name, reader = _named(visit), visit.site.edges
    found = await reader.edges()
    view = next((one for one in found if one.edge.name == name), None)
    if view is None:
        raise EdgeNotFound
    bound = Counter(one.service.name for one in (await reader.state()).ranges)
    lacks = await reader.changes(after=view.edge.acknowledged, limit=_MOST + 1)
    drained, removed = touched([one.edge for one in found], view.edge, view.newest)
    return await visit.page(
        "operator/network/edge.html",
        told.status,
        told=told,
        here=f"{EDGES}/{name}",
        edge=view.edge,
        behind=view.newest - view.edge.acknowledged,
        newest=view.newest,
        chips=chips(view, visit.now),
        bound=sorted(bound.items()),
        lacks=lacks[:_MOST],
        more=len(lacks) > _MOST,
        drained=drained,
        removed=removed,
        seen=seen_of(*_facts(view.edge)),
        key=fresh_key,
    )


def _facts(edge: Edge | None) -> tuple[object, ...]:
    return () if edge is None else (edge.id.hex, edge.drained, edge.counts)


def _named(visit: PersonsVisit) -> str:
    name: str = visit.request.path_params["edge"]
    return name
