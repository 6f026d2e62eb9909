"""The addresses of a prefix: a map, a table beside it, and which service answers for one."""

from ipaddress import ip_address

from starlette.responses import Response

from byoip.domain.bindings.service_binding import answering
from byoip.web.pictures.address_map import address_in, address_map, answers
from byoip.web.prefix import claim_id_of
from byoip.web.visiting import PersonsVisit

_MOST = 40  # of each kind: drawn, and in the table
_READ = 100  # bindings, to tell who answers


async def shown(visit: PersonsVisit) -> Response:
    """The map; what it leaves out is listed elsewhere."""
    reader, account_id, claim_id = visit.site.reader, visit.account_id, claim_id_of(visit)
    view = await reader.claim(account_id, claim_id)
    prefix = view.claim.prefix
    bindings = await reader.bindings(account_id, claim_id, after=None, limit=_READ + 1)
    lent = await reader.delegations(
        account_id, claim_id, now=visit.now, after=None, limit=_MOST + 1
    )
    routes = await reader.bgp_prefixes(account_id, claim_id, after=None, limit=_MOST + 1)
    text = visit.request.query_params.get("address", "").strip()
    wrong = address_in(text, prefix) if text else ""
    # Of more bindings than are read nothing is said of who answers.
    whole = len(bindings) <= _READ
    by = answering(ip_address(text), bindings) if text and not wrong and whole else None
    parts = bindings[:_MOST], lent[:_MOST], routes[:_MOST]
    return await visit.page(
        "customer/addresses.html",
        claim=view.claim,
        map=address_map(prefix, *parts),
        answers=answers(prefix, parts[0]),
        lent=parts[1],
        routes=parts[2],
        left_out=any(len(one) > _MOST for one in (bindings, lent, routes)),
        whole=whole,
        text=text,
        wrong=wrong,
        by=by,
    )
