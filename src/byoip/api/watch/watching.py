"""Whether what was proven is still so: for a prefix's owner."""

from byoip.api.border.answers import Answer, answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import answer_of
from byoip.api.path_ids import PathId
from byoip.api.watch import watch_schemas as wire
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import ClaimNotFound

watching = Declarations("prefixes")


@watching.operation(
    "GET /prefixes/{prefix_id}/watch",
    Scope.PREFIXES_READ,
    answer=answer_of(wire.PrefixWatching),
    refuses=(ClaimNotFound,),
)
async def get_prefix_watch(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Read whether what was proven is still so: each signal, when it was looked at, what it means.

    Nothing of it withdraws a route.
    """
    found = await caller.backend.reader.watches.watch(caller.account_id, prefix_id)
    disputes = await caller.backend.reader.disputes.own(caller.account_id, prefix_id)
    return answer(wire.watching_of(found, disputes))
