"""Which service answers for which range of a prefix: nested ones bound, swapped, unbound."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.usecases.bindings import bindings as verbs
from byoip.web.changes import changes
from byoip.web.facts import facts_of, with_facts
from byoip.web.forms import fresh_key, id_of
from byoip.web.prefix import claim_id_of
from byoip.web.prefixes import cursor_of, cursor_text
from byoip.web.telling import Told, told_of, tried
from byoip.web.visiting import PersonsVisit

PAGE: Final = 200
_DONE: Final[Mapping[str, str]] = {
    "bound": "The service is bound: it answers as soon as edges have it.",
    "swapped": "The service is swapped: the old one answers until edges have the new one.",
    "unbound": "The binding has ended: what encloses it answers as soon as edges know.",
}


async def listed(visit: PersonsVisit) -> Response:
    """All bindings of a prefix, and a form for a nested one."""
    return await _list(visit, told_of(visit, _DONE))


async def one(visit: PersonsVisit) -> Response:
    """One of them: what answers now, and what may be changed."""
    return await _one(visit, told_of(visit, _DONE))


async def nest(visit: PersonsVisit) -> Response:
    """Bind a service to a part of the prefix."""
    claim_id, form = claim_id_of(visit), visit.form

    async def work() -> Response:
        service_id = id_of(form.get("service", ""))
        return await visit.write(
            lambda tx: verbs.bind(
                tx,
                visit.account_id,
                claim_id,
                cidr=form.get("cidr", "").strip(),
                service_id=service_id,
            ),
            lambda _: f"{_page(visit)}?done=bound",
        )

    return await tried(visit, work(), partial(_list, visit))


async def swap(visit: PersonsVisit) -> Response:
    """Have another service answer for a range, without a gap."""
    claim_id, binding_id = claim_id_of(visit), _named(visit)
    service_id = id_of(visit.form.get("service", ""))
    work = visit.write(
        lambda tx: verbs.swap(tx, visit.account_id, claim_id, binding_id, service_id=service_id),
        lambda view: f"{_page(visit)}/{view.binding.id.hex}?done=swapped",
    )
    return await tried(visit, work, partial(_one, visit))


async def unbind(visit: PersonsVisit) -> Response:
    """End a binding, if it was typed which."""
    claim_id, binding_id = claim_id_of(visit), _named(visit)
    view = await visit.site.reader.binding(visit.account_id, claim_id, binding_id)
    cidr = str(view.binding.cidr)
    if visit.form.get("confirm", "").strip().lower() != cidr:
        return await _one(visit, Told.asking_for(cidr))
    work = visit.write(
        lambda tx: verbs.unbind(tx, visit.account_id, claim_id, binding_id),
        lambda _: f"{_page(visit)}?done=unbound",
    )
    return await tried(visit, work, partial(_one, visit))


async def _list(visit: PersonsVisit, told: Told) -> Response:
    reader, claim_id = visit.site.reader, claim_id_of(visit)
    changed = await changes(visit, told, claim_id)
    after = cursor_of(visit.request.query_params.get("after", ""))
    view = await reader.claim(visit.account_id, claim_id)
    found = await reader.bindings(visit.account_id, claim_id, after=after, limit=PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return await visit.page(
        "customer/bindings.html",
        told.status,
        told=told,
        claim=view.claim,
        rows=found[:PAGE],
        more=cursor_text(last.created_at, last.id) if last else "",
        services=[one for one in await reader.services() if not one.default_only],
        bound=view.default_binding is not None,
        form=visit.form,
        key=fresh_key,
        **changed,
        **with_facts(visit, told, facts_of(view)),
    )


async def _one(visit: PersonsVisit, told: Told) -> Response:
    reader, claim_id = visit.site.reader, claim_id_of(visit)
    changed = await changes(visit, told, claim_id)
    view = await reader.claim(visit.account_id, claim_id)
    binding = (await reader.binding(visit.account_id, claim_id, _named(visit))).binding
    bound = f"{binding.state.value}, {binding.service.name}"
    others = [one for one in await reader.services() if one != binding.service]
    return await visit.page(
        "customer/binding.html",
        told.status,
        told=told,
        claim=view.claim,
        binding=binding,
        others=[one for one in others if binding.is_default or not one.default_only],
        key=fresh_key,
        **changed,
        **with_facts(visit, told, {**facts_of(view), "bound": bound}),
    )


def _page(visit: PersonsVisit) -> str:
    return f"/ui/prefixes/{claim_id_of(visit).hex}/bindings"


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["binding_id"])
