"""Offboarding a prefix, and restoring it."""

from byoip.api.border.answers import Answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Message, answer_of
from byoip.api.border.messages import NO_CHANGE, OFFBOARDING, ROUTE_OWED, ROUTE_WITHHELD
from byoip.api.border.refusals import RateLimited
from byoip.api.claims.prefix_schemas import Prefix
from byoip.api.claims.prefixes import shown, version
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.service_binding import DefaultOnlyService
from byoip.domain.claims.claim import ClaimNotFound, PrefixSuspended
from byoip.domain.routes.bgp_prefix import Contested, LockedByOperator
from byoip.domain.routes.offboarding import NothingToOffboard, ServiceRetired
from byoip.store.accounts.rate_limits import Wanted
from byoip.usecases.routes import offboarding as verbs

offboarding = Declarations("offboarding")

_AN_HOUR = 12  # offboardings of one prefix, which may come at once
_TRIED = "It is retried automatically for a day, not counting time in which it is contested."


@offboarding.operation(
    "POST /prefixes/{prefix_id}/offboard",
    Scope.PREFIXES_WRITE,
    also=(Scope.BGP_WRITE,),
    answer=answer_of(Prefix),
    status=202,
    tagged=True,
    refuses=(ClaimNotFound, PrefixSuspended, LockedByOperator, NothingToOffboard, RateLimited),
)
async def offboard_prefix(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Send a prefix on its way out.

    Its routes are withdrawn; when no observer sees them any more its bindings end; after the grace
    (a week, unless the operator sets another time) it is closed. Read `events` for each step. Until
    it is closed it keeps its space, and `restore` brings everything back. A repeated request
    changes nothing. A prefix is offboarded twelve times an hour at most.
    """
    return await caller.write(
        lambda tx: verbs.offboard(tx, caller.account_id, prefix_id),
        shown(caller),
        version=version,
        messages=lambda _: (OFFBOARDING,),
        # Each may cost a letter once the prefix is restored: a second of a worker, and 50 kB.
        spending=(Wanted(f"offboard-prefix:{prefix_id.hex}", _AN_HOUR / 60, 60),),
    )


@offboarding.operation(
    "POST /prefixes/{prefix_id}/restore",
    Scope.PREFIXES_WRITE,
    also=(Scope.BGP_WRITE,),
    answer=answer_of(Prefix),
    tagged=True,
    refuses=(ClaimNotFound, ServiceRetired, DefaultOnlyService, Contested),
)
async def restore_prefix(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Bring a prefix back from its way out.

    Its standing and its bindings come back together, a new letter is written if it had one, and
    each route that was withdrawn is announced again, by the rules of any other announcement. Routes
    that cannot be announced are named in `messages`, and hold up no other. A prefix that is not
    being offboarded stays as it is.
    """
    show = shown(caller)
    return await caller.write(
        lambda tx: verbs.restore(tx, caller.account_id, prefix_id),
        lambda restored: show(restored.view),
        version=lambda restored: version(restored.view),
        messages=restored_messages,
    )


def restored_messages(restored: verbs.Restored) -> tuple[Message, ...]:
    """What did not come back, and whether it will."""
    if not restored.changed:
        return (NO_CHANGE,)
    said = []
    for one in restored.withheld:
        code, name = ROUTE_OWED if one.owed else ROUTE_WITHHELD
        then = _TRIED if one.owed else "Announce it when that is possible."
        message = f"{one.cidr} is not announced: {one.why} {then}"
        said.append(Message(code=code, name=name, message=message))
    return tuple(said)
