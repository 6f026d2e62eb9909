"""Pre-flights: would a prefix pass its checks, before it is brought?"""

from byoip.api.border.answers import Answer, answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import answer_of
from byoip.api.border.refusals import RateLimited
from byoip.api.checks.preflight_schemas import NewPreflight, Preflight, preflight_of
from byoip.api.claims.prefixes import PREFIX_REFUSALS
from byoip.domain.accounts.credential import Scope
from byoip.store.accounts.rate_limits import Wanted

preflights = Declarations("proof")


@preflights.operation(
    "POST /prefix_preflights",
    Scope.PREFIXES_READ,
    answer=answer_of(Preflight),
    refuses=(*PREFIX_REFUSALS, RateLimited),
)
async def create_prefix_preflight(caller: CustomerRequest, body: NewPreflight) -> Answer:
    """Would this prefix pass, and what would break?

    Asks irr and rpki now and keeps nothing. Ten a minute for each account, unless set otherwise.
    """
    limit = caller.backend.limiter.limits.preflights_per_account
    await caller.spend(Wanted("preflight", limit))
    report = await caller.backend.preflight(caller.account_id, cidr=body.cidr, asn=body.asn)
    return answer(preflight_of(report))
