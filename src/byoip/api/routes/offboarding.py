"""Offboarding a prefix, and restoring it."""

from byoip.api.border.answers import Answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Message, answer_of
from byoip.api.border.messages import (
    BIND_AGAIN,
    NO_CHANGE,
    OFFBOARDING,
    ROUTE_OWED,
    ROUTE_WITHHELD,
)
from byoip.api.border.refusals import RateLimited
from byoip.api.claims.prefix_schemas import Prefix
from byoip.api.claims.prefixes import PREFIX_REFUSALS, shown, version
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.service_binding import DefaultOnlyService
from byoip.domain.claims.claim import (
    ClaimNotFound,
    OverlapsOwnClaim,
    PrefixSuspended,
    TooManyClaims,
)
from byoip.domain.claims.reservation import SpaceReserved
from byoip.domain.claims.restorable import NotRestorable, SpaceHeld
from byoip.domain.routes.bgp_prefix import Contested, LockedByOperator
from byoip.domain.routes.offboarding import NothingToOffboard, ServiceRetired
from byoip.store.accounts.rate_limits import Wanted
from byoip.store.transaction import Transaction
from byoip.usecases.claims.reopen import Reopened, reopen
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
    refuses=(
        ClaimNotFound,
        ServiceRetired,
        DefaultOnlyService,
        Contested,
        NotRestorable,
        SpaceHeld,
        SpaceReserved,
        OverlapsOwnClaim,
        TooManyClaims,
        *PREFIX_REFUSALS,
    ),
)
async def restore_prefix(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Bring a prefix back from its way out.

    Its standing and its bindings come back together, a new letter is written if it had one, and
    each route that was withdrawn is announced again, by the rules of any other announcement. Routes
    that cannot be announced are named in `messages`, and hold up no other. A prefix that is not
    being offboarded stays as it is.

    One that was removed (DELETE) comes back within the grace, if its space is free: pending, with
    its history and a new token. The message `bind_again` names what was bound in its last days.
    """
    show, account_id = shown(caller), caller.account_id

    async def bring_back(tx: Transaction) -> verbs.Restored | Reopened:
        try:
            return await verbs.restore(tx, account_id, prefix_id)
        except ClaimNotFound:
            pass
        try:
            return await reopen(tx, account_id, prefix_id, terms=caller.backend.terms)
        except ClaimNotFound:  # another may have brought it back meanwhile
            return await verbs.restore(tx, account_id, prefix_id)

    return await caller.write(
        bring_back,
        lambda restored: show(restored.view),
        version=lambda restored: version(restored.view),
        messages=_messages,
    )


def _messages(restored: verbs.Restored | Reopened) -> tuple[Message, ...]:
    if isinstance(restored, verbs.Restored):
        return restored_messages(restored)
    code, name = BIND_AGAIN
    return tuple(
        Message(
            code=code,
            name=name,
            message=f"Once it is approved, bind {one.cidr} to {one.service_name} again (service_id "
            f"{one.service_id.hex}).",
        )
        for one in restored.plan
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
