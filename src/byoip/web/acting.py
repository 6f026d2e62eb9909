"""What is done on the page of a prefix, from checking again to sending it on its way out."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from byoip.domain.claims.ownership_token import TokenMethod
from byoip.store.accounts.rate_limits import Wanted
from byoip.usecases.bindings import bindings
from byoip.usecases.border import Verb
from byoip.usecases.checks.request_validation import NewTokens, request_validation
from byoip.usecases.claims import tokens
from byoip.usecases.routes import bgp_prefixes, offboarding
from byoip.web.forms import id_of
from byoip.web.prefix import claim_id_of, prefix_page
from byoip.web.telling import Told, tried
from byoip.web.visiting import PersonsVisit

MOST_OFFBOARDINGS: Final = 12  # of one prefix in an hour, as at the API


async def check(visit: PersonsVisit) -> Response:
    """Have the checks run, or join the run that is out."""
    claim_id, limits, terms = claim_id_of(visit), visit.site.limits, visit.site.terms
    fresh = NewTokens(terms.mint, terms.token_lifetime, terms.registries)
    return await _act(
        visit,
        lambda tx: request_validation(tx, visit.account_id, claim_id, tokens=fresh),
        lambda asked: "reissued" if asked.reissued else "checking",
        Wanted("validate", limits.validations_per_account),
        Wanted(f"validate-prefix:{claim_id.hex}", limits.validations_per_prefix),
    )


async def new_token(visit: PersonsVisit) -> Response:
    """Issue a token in the place of the last one."""
    claim_id, terms = claim_id_of(visit), visit.site.terms
    return await _act(
        visit,
        lambda tx: tokens.issue(
            tx, visit.account_id, claim_id, terms=terms, method=TokenMethod.ANY
        ),
        "token",
    )


async def bind(visit: PersonsVisit) -> Response:
    """Bind a service to the whole prefix."""
    claim_id, service_id = claim_id_of(visit), id_of(visit.form.get("service", ""))
    cidr = str((await visit.site.reader.claim(visit.account_id, claim_id)).claim.prefix)
    return await _act(
        visit,
        lambda tx: bindings.bind(tx, visit.account_id, claim_id, cidr=cidr, service_id=service_id),
        "bound",
    )


async def announce(visit: PersonsVisit) -> Response:
    """Have a route announced."""
    return await _advertise(visit, to=True)


async def withdraw(visit: PersonsVisit) -> Response:
    """Have a route withdrawn, if it was typed which."""
    account_id, claim_id, route_id = visit.account_id, claim_id_of(visit), _route(visit)
    route = await visit.site.reader.bgp_prefix(account_id, claim_id, route_id)
    cidr = str(route.bgp_prefix.cidr)
    if visit.form.get("confirm", "").strip().lower() != cidr:
        return await prefix_page(visit, Told.asking_for(cidr))
    return await _advertise(visit, to=False)


async def offboard(visit: PersonsVisit) -> Response:
    """Send the prefix on its way out, if it was typed which."""
    account_id, claim_id = visit.account_id, claim_id_of(visit)
    cidr = str((await visit.site.reader.claim(account_id, claim_id)).claim.prefix)
    if visit.form.get("confirm", "").strip().lower() != cidr:
        return await prefix_page(visit, Told.asking_for(cidr))
    an_hour = Wanted(f"offboard-prefix:{claim_id.hex}", MOST_OFFBOARDINGS / 60, 60)
    return await _act(
        visit, lambda tx: offboarding.offboard(tx, account_id, claim_id), "offboarding", an_hour
    )


async def restore(visit: PersonsVisit) -> Response:
    """Bring the prefix back from its way out."""
    account_id, claim_id = visit.account_id, claim_id_of(visit)
    return await _act(
        visit,
        lambda tx: offboarding.restore(tx, account_id, claim_id),
        lambda back: "withheld" if back.withheld else "restored",
    )


async def _advertise(visit: PersonsVisit, *, to: bool) -> Response:
    claim_id, route_id = claim_id_of(visit), _route(visit)
    return await _act(
        visit,
        lambda tx: bgp_prefixes.advertise(tx, visit.account_id, claim_id, route_id, advertised=to),
        "announced" if to else "withdrawn",
    )


async def _act(
    visit: PersonsVisit, verb: Verb[Any], done: str | Callable[[Any], str], *spending: Wanted
) -> Response:
    """Do it, and show the page; what is refused, or drawn from an older version, is said on it."""
    page = f"/ui/prefixes/{claim_id_of(visit).hex}"

    def leads(result: object) -> str:
        return f"{page}?done={done if isinstance(done, str) else done(result)}"

    return await tried(visit, visit.write(verb, leads, *spending), partial(prefix_page, visit))


def _route(visit: PersonsVisit) -> UUID:
    return id_of(visit.request.path_params["route_id"])
