"""AS numbers that customers bring as the origin of their prefixes."""

from collections.abc import Callable

from byoip.api.asns.own_asn_schemas import NewOwnAsn, OwnAsn, own_asn_of
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import Authenticated, CustomerRequest, nothing
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Done, answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.border.refusals import RateLimited
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.asn import InvalidAsn
from byoip.domain.asns import own_asn as domain
from byoip.store.accounts.rate_limits import Wanted
from byoip.usecases.asns import own_asns as verbs

own_asns = Declarations("proof")


@own_asns.operation(
    "POST /asns",
    Scope.PREFIXES_WRITE,
    answer=answer_of(OwnAsn),
    status=201,
    refuses=(
        InvalidAsn,
        domain.OwnAsnsNotOffered,
        domain.OwnAsnRefused,
        domain.TooManyOwnAsns,
        domain.OwnAsnExists,
    ),
)
async def create_asn(caller: CustomerRequest, body: NewOwnAsn) -> Answer:
    """Bring an AS number of the account's own.

    Publish its token, and have it validated. Prefixes may then have it as their origin: they are
    announced with the operator's AS before it. Each prefix still needs a proof of its own.
    """
    show = await shown(caller)
    return await caller.write(
        lambda tx: verbs.add(tx, caller.account_id, terms=caller.backend.asn_terms, asn=body.asn),
        show,
    )


@own_asns.operation("GET /asns", Scope.PREFIXES_READ, answer=list_of(OwnAsn))
async def list_asns(
    caller: CustomerRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the account's AS numbers, oldest first."""
    wanted = page_request(per_page, cursor)
    reader = caller.backend.own_asns
    found = await reader.page(caller.account_id, after=wanted.after, limit=wanted.probe)
    return await list_answer(paginate(found, wanted), await shown(caller))


@own_asns.operation(
    "GET /asns/{asn_id}",
    Scope.PREFIXES_READ,
    answer=answer_of(OwnAsn),
    refuses=(domain.OwnAsnNotFound,),
)
async def get_asn(caller: CustomerRequest, asn_id: PathId) -> Answer:
    """Read one AS number, and how far its proof has come."""
    own = await caller.backend.own_asns.one(caller.account_id, asn_id)
    return answer((await shown(caller))(own))


@own_asns.operation(
    "POST /asns/{asn_id}/validate",
    Scope.PREFIXES_WRITE,
    answer=answer_of(OwnAsn),
    refuses=(domain.OwnAsnNotFound, domain.AsnProvenByAnother, RateLimited),
)
async def validate_asn(caller: CustomerRequest, asn_id: PathId) -> Answer:
    """Have the proof looked for, now.

    The registry that has given the number is asked for its aut-num object; or, where the account
    has proven a prefix by its route object that the same holder has been given as a whole, no token
    is needed. As often as pre-flights. Without an answer nothing changes, and `doubt` says why. A
    number that another account has proven is refused, and a dispute about it opens.
    """
    limit = caller.backend.limiter.limits.preflights_per_account
    await caller.require_unanswered()
    await caller.spend(Wanted("preflight", limit))
    show = await shown(caller)
    return await caller.write(await caller.backend.prove_asn(caller.account_id, asn_id), show)


@own_asns.operation(
    "POST /asns/{asn_id}/validation_tokens",
    Scope.PREFIXES_WRITE,
    answer=answer_of(OwnAsn),
    refuses=(domain.OwnAsnNotFound, domain.OwnAsnTokenSpent),
)
async def create_asn_validation_token(caller: CustomerRequest, asn_id: PathId) -> Answer:
    """Issue another token; the one before proves nothing any more."""
    show = await shown(caller)
    return await caller.write(
        lambda tx: verbs.reissue(tx, caller.account_id, asn_id, terms=caller.backend.asn_terms),
        show,
    )


@own_asns.operation(
    "DELETE /asns/{asn_id}",
    Scope.PREFIXES_WRITE,
    answer=Done,
    refuses=(domain.OwnAsnNotFound, domain.OwnAsnInUse),
)
async def delete_asn(caller: CustomerRequest, asn_id: PathId) -> Answer:
    """Give an AS number up. Refused while a prefix of the account has it as its origin."""
    return await caller.write(lambda tx: verbs.remove(tx, caller.account_id, asn_id), nothing)


async def shown(caller: Authenticated) -> Callable[[domain.OwnAsn], OwnAsn]:
    """How a number is shown: with what it means that it is a neighbour of the operator's."""
    peers = await caller.backend.own_asns.neighbours()
    terms = caller.backend.asn_terms

    def show(own: domain.OwnAsn) -> OwnAsn:
        warning = terms.rules.warning(own.asn, peers)
        return own_asn_of(own, terms.label, [] if warning is None else [warning])

    return show
