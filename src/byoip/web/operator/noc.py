"""The operator's pages: what needs a person, prefixes of all accounts, routes, data, history."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from typing import Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.address import parse_address
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.prefix import InvalidPrefix, Prefix
from byoip.store.accounts.operator_views import AddressReport, OperatorClaimFilter
from byoip.usecases.claims.contests import left_to_a_person, lost_by_its_account
from byoip.web.changes import MEANING, since_drawn
from byoip.web.facts import carried, changed_of
from byoip.web.forms import fresh_key, id_of, seen_of
from byoip.web.operator.actors import names_of
from byoip.web.operator.acts import NEEDED, on_prefix, untyped, verb_of
from byoip.web.operator.drawn import DRAWN, OfPrefix, of_drain
from byoip.web.operator.need import facts_of
from byoip.web.operator.needs import all_of, needs
from byoip.web.operator.network.places import page_of_kind
from byoip.web.prefixes import chip_of, cursor_of, cursor_text
from byoip.web.rows import first_of
from byoip.web.site import NotServed
from byoip.web.telling import Told, as_drawn, told_of, tried
from byoip.web.visiting import PersonsVisit, leading

PAGE: Final = 100
_EVENTS: Final = 100  # of one prefix
_ROUTES: Final = 30  # of one prefix, each with a form
_OF_A_KIND: Final = 50  # each may have forms
_DONE: Final[Mapping[str, str]] = {
    "done": "It is done, or asked for. History has it, with your name and the reason.",
    "closed": "The prefix is closed, and its space is free.",
    "drained": "It goes out of service: below is how far it is.",
}
_STATES: Final[Mapping[str, OperatorClaimFilter]] = {
    "": OperatorClaimFilter(),
    "pending": OperatorClaimFilter(approved=False),
    "approved": OperatorClaimFilter(approved=True),
    **{one.value: OperatorClaimFilter(standing=one) for one in Standing if one is not Standing.OK},
}


def require_operator(visit: PersonsVisit) -> None:
    """Refuse people of accounts: to them there is no such page.

    Raises:
        NotServed: it is one of them.
    """
    if visit.person.account_id is not None:
        raise NotServed(404, "Not found", "There is no such page.")


async def needed(visit: PersonsVisit) -> Response:
    """All that waits for a person."""
    require_operator(visit)
    return await _needed(visit, told_of(visit, _DONE))


async def part(visit: PersonsVisit) -> Response:
    """The same as it is now, for an open page."""
    require_operator(visit)
    sections = await needs(visit.site, visit.now)
    return await visit.page(
        "operator/_needs.html", sections=sections, now=visit.now, key=fresh_key, carried=carried
    )


async def kind(visit: PersonsVisit) -> Response:
    """All of one kind that wait, a page at a time."""
    require_operator(visit)
    return await _kind(visit, told_of(visit, _DONE))


async def do(visit: PersonsVisit) -> Response:
    """Do something about one of them."""
    require_operator(visit)
    if typed := untyped(visit):
        return await _needed(visit, Told.asking_for(typed))
    return await tried(visit, needed_done(visit, "/ui/noc"), partial(_needed, visit))


async def needed_done(visit: PersonsVisit, page: str, what: str = "") -> Response:
    """Do it as it was drawn, and lead on to a page."""
    what = what or visit.request.path_params["what"]
    verb = verb_of(visit, NEEDED, what)

    async def work() -> Response:
        return await visit.write(verb, lambda _: f"{page}?done=done")

    facts = DRAWN.get(what)
    return await (work() if facts is None else as_drawn(visit, partial(facts, visit), work))


async def prefixes(visit: PersonsVisit) -> Response:
    """Prefixes of all accounts, by state, address or CIDR."""
    require_operator(visit)
    asked = visit.request.query_params
    state, text = asked.get("state", ""), asked.get("q", "").strip()
    wanted, report, wrong = _STATES.get(state, _STATES[""]), None, ""
    account, reader = None, visit.site.operator_reader
    if asked.get("account"):
        account = (await reader.account(id_of(asked["account"]))).account
        wanted = replace(wanted, account_id=account.id)
    if text:
        try:
            report = await _address(visit, text)
            if report is None:
                wanted = replace(wanted, overlapping=Prefix.parse(text))
        except InvalidPrefix as refusal:
            wrong = refusal.message
    found = await reader.claims(wanted, after=cursor_of(asked.get("after", "")), limit=PAGE + 1)
    if report is not None:
        held = {one.claim.id for one in report.holdings}
        found = [await reader.claim(one) for one in held]
        found = [one for one in found if account is None or one.claim.account_id == account.id]
    last = found[PAGE - 1].claim if len(found) > PAGE else None
    return await visit.page(
        "operator/prefixes.html",
        told=told_of(visit, _DONE),
        rows=[(chip_of(one), one) for one in found[:PAGE]],
        accounts=await reader.account_names(one.claim.account_id for one in found),
        report=report,
        account=account,
        states=list(_STATES),
        state=state if state in _STATES else "",
        text=text,
        wrong=wrong,
        next=cursor_text(last.created_at, last.id) if last else "",
    )


async def prefix(visit: PersonsVisit) -> Response:
    """One prefix of any account, and what an operator may do about it."""
    require_operator(visit)
    return await _prefix(visit, told_of(visit, _DONE))


async def act_on_prefix(visit: PersonsVisit) -> Response:
    """Do it."""
    require_operator(visit)
    page = f"/ui/noc/prefixes/{_named(visit).hex}?done=done"
    if visit.request.path_params["what"] == "end-grace":  # it has no page any more
        page = "/ui/noc/prefixes?done=closed"
    work = visit.write(on_prefix(visit), lambda _: page)
    return await tried(visit, work, partial(_prefix, visit))


async def routes(visit: PersonsVisit) -> Response:
    """Speakers, listeners, edges, and what speakers hold that nobody wants."""
    require_operator(visit)
    many, undecided = await visit.site.routes.held_by_nobody.count()
    async with visit.site.border.store.transaction() as tx:
        waiting = await tx.unreleased.count()
    return await visit.page(
        "operator/routes.html",
        done=told_of(visit, _DONE).done,
        drains=await visit.site.routes.drains.standing(),
        seen_of_drain=lambda one: seen_of(*of_drain(one)),
        report=await visit.site.routes.report(),
        edges=await visit.site.edges.edges(),
        orphans=many,
        undecided=undecided,
        waiting=waiting,
        key=fresh_key,
    )


async def _needed(visit: PersonsVisit, told: Told) -> Response:
    sections = await needs(visit.site, visit.now)
    return await visit.page(
        "operator/noc.html",
        told.status,
        told=told,
        sections=sections,
        form=visit.form,  # the reason of one that was refused stays typed
        changed=changed_of(visit, told, facts_of(sections)),
        carried=carried,
        now=visit.now,
        key=fresh_key,
    )


async def _kind(visit: PersonsVisit, told: Told) -> Response:
    named, first = visit.request.path_params["kind"], first_of(visit)
    found = await all_of(visit.site, visit.now, named, first=first, most=_OF_A_KIND)
    if found is None:
        raise NotServed(404, "Not found", "There is no such kind.")
    if found.all != page_of_kind(named):
        return leading(found.all)
    behind = first + len(found.needs)
    return await visit.page(
        "operator/kind.html",
        told.status,
        told=told,
        section=found,
        here=found.all,
        carried=carried,
        first=first,
        next=behind if found.needs and behind < found.total else 0,
        now=visit.now,
        key=fresh_key,
    )


async def _prefix(visit: PersonsVisit, told: Told) -> Response:
    claim_id, site = _named(visit), visit.site
    view = await site.operator_reader.claim(claim_id)
    owner = view.claim.account_id
    newest = await site.reader.newest_event(owner, claim_id)
    events = await site.reader.events(
        owner, claim_id, after=max(0, newest - _EVENTS), limit=_EVENTS, whole=True
    )
    around = OperatorClaimFilter(overlapping=view.claim.prefix)
    rivals = await site.operator_reader.claims(around, after=None, limit=PAGE)
    waivers = await site.operator_reader.waivers(claim_id, visit.now)
    after = cursor_of(visit.request.query_params.get("routes", ""))
    routes = await site.reader.bgp_prefixes(owner, claim_id, after=after, limit=_ROUTES + 1)
    last = routes[_ROUTES - 1].bgp_prefix if len(routes) > _ROUTES else None
    async with site.border.store.transaction() as tx:
        decides = await OfPrefix.read(tx, view.claim)
        left = await left_to_a_person(tx, view.claim)
        lost = await lost_by_its_account(tx, view.claim)
    return await visit.page(
        "operator/prefix.html",
        told.status,
        told=told,
        view=view,
        claim=view.claim,
        chip=chip_of(view),
        account=(await site.operator_reader.account(owner)).account,
        missing=view.missing(site.advice, visit.now),
        accounts=await site.operator_reader.account_names(one.claim.account_id for one in rivals),
        rivals=[(chip_of(one), one) for one in rivals if one.claim.id != claim_id],
        routes=routes[:_ROUTES],
        more_routes=cursor_text(last.created_at, last.id) if last else "",
        goes=(await site.reader.moves.along([claim_id], visit.now))[claim_id],
        watch=await site.reader.watches.watch(owner, claim_id),
        waivers=waivers,
        disputes=await site.reader.disputes.own(owner, claim_id),
        left_to_a_person=left,
        lost=lost,
        events=list(reversed(events)),
        newest=newest,
        seen=lambda what, route: seen_of(*decides.facts(what, route)),
        since=since_drawn(visit, list(reversed(events)), "newest") if told.stale else (),
        meaning=MEANING,
        who=await names_of(site, (one.actor for one in events)),
        key=fresh_key,
    )


async def _address(visit: PersonsVisit, text: str) -> AddressReport | None:
    """Who answers for an address; None: it is none."""
    try:
        ip_address(text)
    except ValueError:
        return None
    return await visit.site.operator_reader.address(parse_address(text), visit.now)


def _named(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["prefix_id"])
