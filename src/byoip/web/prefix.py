"""One prefix: how far it is, what each check saw, what to publish, its route, and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.checks.evidence import Check, Failed, Finding, Passed, Unanswered
from byoip.domain.checks.registries.remedies import roa_to_publish, route_object_text, token_line
from byoip.domain.checks.reverse_zone import reverse_zones, txt_lines
from byoip.domain.checks.validation_run import RunState
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.errors import Refusal
from byoip.domain.event_kinds import OF_PREFIXES
from byoip.store.claims.views import ClaimView, NumberedEvent, RunView
from byoip.web.door import PersonsVisit
from byoip.web.forms import fresh_key, id_of
from byoip.web.live import Streams
from byoip.web.prefixes import chip_of

_SHOWN_EVENTS: Final = 50
_MEANING: Final = {
    f"{subject}.{what}": said
    for subject, kinds in OF_PREFIXES.items()
    for what, said in kinds.items()
}
_DONE: Final[Mapping[str, str]] = {
    "brought": "The prefix is brought. Nothing is reserved yet: publish what stands below.",
    "checking": "The checks were asked for.",
    "reissued": "The checks were asked for. The token had expired: there is a new one below, which "
    "this check does not ask for. Publish it, then check again.",
    "token": "There is a new token: what was published of the old one proves nothing any more.",
    "bound": "The service is bound: it answers as soon as edges have it.",
    "announced": "The announcement is asked for: below is what speakers and listeners say of it.",
    "offboarding": "The prefix is on its way out. Until it is closed it can be restored.",
    "restored": "The prefix is back, and its routes are to be announced again.",
    "withheld": "The prefix is back, but for routes that history names: they are not announced.",
    "withdrawn": "The withdrawal is asked for: below is what speakers and listeners say of it.",
}
_CHECKS: Final[Mapping[Check, str]] = {
    Check.REGISTRATION: "Registration: which registry is responsible",
    Check.IRR: "Route object",
    Check.RPKI: "ROA",
    Check.OWNERSHIP_IRR: "Token in the route object",
    Check.OWNERSHIP_RDNS: "Token in reverse DNS",
}


_STEPS: Final[Mapping[str, str]] = {
    "withdraw": "its routes are withdrawn",
    "confirm": "nobody sees its routes any more",
    "unbind": "its bindings end",
    "grace": "the time of grace ends, and it is closed",
    "restore": "its routes are announced again",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the rail."""

    name: str
    said: str
    tone: str
    now: bool


@dataclass(frozen=True, slots=True)
class Text:
    """Something to publish, complete, as it is to be pasted.

    Attributes:
        blocker: the name of what it clears, until it was looked for the first time.
    """

    id: str
    blocker: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckShown:
    """How a check ended the last time it was asked, and whom."""

    name: str
    end: str
    tone: str
    finding: Finding
    fix: str
    whom: Sequence[str]


async def shown(visit: PersonsVisit) -> Response:
    """The page of one prefix."""
    return await prefix_page(visit)


async def part(visit: PersonsVisit) -> Response:
    """What changes on it, as it is now."""
    return await visit.page("_prefix.html", **await _state(visit))


async def stream(visit: PersonsVisit, streams: Streams) -> Response:
    """Says that there is news of it."""
    claim_id = claim_id_of(visit)
    newest = partial(visit.site.reader.newest_event, visit.account_id, claim_id)
    await newest()  # of a prefix of the account
    return streams.open(visit, claim_id, newest)


def claim_id_of(visit: PersonsVisit) -> UUID:
    """The prefix that the page is about."""
    return id_of(visit.request.path_params["prefix_id"])


async def prefix_page(
    visit: PersonsVisit,
    status: int = 200,
    *,
    refused: Refusal | None = None,
    stale: bool = False,
    unconfirmed: str = "",
) -> Response:
    """The page as it is now.

    Args:
        visit: of somebody in the account.
        status: of the answer (HTTP).
        refused: what was asked for, and not done.
        unconfirmed: the route that would be withdrawn, if it had been typed.
        stale: it was asked for from an older page: what changed since then is said first.
    """
    shown = await _state(visit)
    return await visit.page(
        "prefix.html",
        status,
        **shown,
        since=_since(visit, shown["events"]) if stale else [],
        stale=stale,
        refused=refused,
        unconfirmed=unconfirmed,
        remedy=visit.site.problem(refused).remedy if refused else "",
        done=_DONE.get(visit.request.query_params.get("done", "")),
    )


async def _state(visit: PersonsVisit) -> dict[str, Any]:
    """All that templates show of the prefix."""
    reader, account_id, claim_id = visit.site.reader, visit.account_id, claim_id_of(visit)
    newest = await reader.newest_event(account_id, claim_id)  # first: what comes after is news
    view = await reader.claim(account_id, claim_id)
    run = await reader.newest_run(account_id, claim_id)
    asked = await reader.asked(account_id, claim_id, run.run.id) if run else {}
    events = await reader.events(
        account_id, claim_id, after=max(0, newest - _SHOWN_EVENTS), limit=_SHOWN_EVENTS
    )
    routes = await reader.bgp_prefixes(account_id, claim_id, after=None, limit=_SHOWN_EVENTS)
    bindings = await reader.bindings(account_id, claim_id, after=None, limit=_SHOWN_EVENTS)
    texts = () if view.claim.approved else _texts(visit, view)
    return {
        "view": view,
        "claim": view.claim,
        "chip": chip_of(view),
        "rail": _rail(view),
        "missing": view.missing(visit.site.advice, visit.now),
        "texts": texts,
        "below": {one.blocker for one in texts},
        "token_usable": view.token is not None and view.token.usable(visit.now),
        "checks": checks_shown(run.findings if run else (), asked),
        "run": run,
        "now": visit.now,
        "running": _open(run),
        "routes": routes,
        "bindings": bindings,
        "services": await reader.services(),
        "events": list(reversed(events)),
        "newest": newest,
        "meaning": _MEANING,
        "steps": _STEPS,
        "who": await _who(visit, events),
        "speaks": visit.site.speaks,
        "key": fresh_key,
    }


def _rail(view: ClaimView) -> Sequence[Step]:
    claim, route = view.claim, view.route
    announced = route is not None and route.advertised
    done = [claim.approved, claim.approved, view.default_binding is not None, announced]
    said = [
        "proven" if claim.approved else "publish, then check",
        "approved" if claim.approved else "follows by itself",
        f"bound, {view.default_binding.value}" if view.default_binding else "to a service",
        "asked for" if announced else "to the Internet",
    ]
    first = done.index(False) if False in done else len(done)
    return [
        Step(
            name, text, "good" if is_done else "wait" if place == first else "plain", place == first
        )
        for place, (name, text, is_done) in enumerate(
            zip(("Prove", "Approve", "Bind", "Announce"), said, done, strict=True)
        )
    ]


def _texts(visit: PersonsVisit, view: ClaimView) -> Sequence[Text]:
    claim, token, advice = view.claim, view.token, visit.site.advice
    registry = advice.registries.get(claim.registry or "")
    usable = token is not None and token.usable(visit.now)
    line, made = None, []
    if usable and token is not None and token.serves(TokenMethod.IRR):
        line = token_line(advice.label, token.value)
    if usable and token is not None and token.serves(TokenMethod.RDNS):
        lines = "\n".join(txt_lines(reverse_zones(claim.prefix), advice.label, token.value))
        made.append(
            Text(
                "rdns",
                "ownership_pending",
                "Reverse DNS, a line for each zone (proves ownership)",
                lines,
            )
        )
    if registry is not None and registry.offers_route_objects and not registry.objects_from_roas:
        text = route_object_text(claim.prefix, claim.asn, registry, line)
        made.append(Text("irr", "irr_pending", f"Route object, in {registry.source}", text))
    roa = roa_to_publish(claim.prefix, claim.asn, claim.other_origins)
    return [*made, Text("roa", "rpki_pending", "ROA, at the registry of the space", roa)]


def checks_shown(
    findings: Sequence[Finding], asked: Mapping[Check, Sequence[str]]
) -> Sequence[CheckShown]:
    """Checks as tables show them; asked names whom, where that is known."""
    made = []
    for finding in findings:
        match finding.outcome:
            case Passed():
                end, tone, fix = "passed", "good", ""
            case Failed(fix=fix):
                end, tone = "failed", "bad"
            case Unanswered(fix=fix):
                end, tone = "unanswered", "wait"
        name, whom = _CHECKS[finding.check], asked.get(finding.check, ())
        made.append(CheckShown(name, end, tone, finding, fix, whom))
    return made


def _open(run: RunView | None) -> bool:
    return run is not None and run.run.state in {RunState.SCHEDULED, RunState.RUNNING}


def _since(visit: PersonsVisit, events: Sequence[NumberedEvent]) -> Sequence[NumberedEvent]:
    seen = visit.form.get("seen", "")
    known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < _SHOWN_EVENTS else 0
    return [one for one in events if one.number > known]


async def _who(visit: PersonsVisit, events: Sequence[NumberedEvent]) -> Mapping[str, str]:
    """The names behind actors: of people and tokens of the account; operators are one party."""
    ids = {}
    for actor in {one.actor for one in events}:
        kind, _, who = actor.partition(":")
        if kind == "credential":
            ids[actor] = UUID(who)
    names = await visit.site.people.names(visit.account_id, set(ids.values()))
    known = {actor: names.get(one, "a token") for actor, one in ids.items()}
    return {one.actor: known.get(one.actor, one.actor.partition(":")[0]) for one in events}
