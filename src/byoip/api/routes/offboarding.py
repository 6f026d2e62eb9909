"""The way out of a prefix, and back."""

from collections.abc import Callable
from functools import partial

from byoip.api.border.answers import Answer
from byoip.api.border.caller import Authenticated, CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Message, answer_of
from byoip.api.border.messages import NO_CHANGE, OFFBOARDING, ROUTE_OWED, ROUTE_WITHHELD
from byoip.api.claims.prefix_schemas import Prefix, prefix_of
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.service_binding import DefaultOnlyService
from byoip.domain.claims.claim import ClaimNotFound, PrefixSuspended
from byoip.domain.routes.bgp_prefix import AdvertiseStateLocked, Contested
from byoip.domain.routes.offboarding import NothingToOffboard, ServiceRetired
from byoip.store.claims.views import ClaimView
from byoip.usecases.routes.restore_prefix import Restored

offboarding = Declarations("offboarding")

_TRIED = "It is tried again by itself for a day, not counting time in which it is contested."


@offboarding.operation(
    "POST /prefixes/{prefix_id}/offboard",
    Scope.PREFIXES_WRITE,
    also=(Scope.BGP_WRITE,),
    answer=answer_of(Prefix),
    status=202,
    tagged=True,
    refuses=(ClaimNotFound, PrefixSuspended, AdvertiseStateLocked, NothingToOffboard),
)
async def offboard_prefix(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Send a prefix on its way out.

    Its routes are withdrawn; when nobody sees them any more its bindings end; after the grace (a
    week, unless the operator says otherwise) it is closed. Read `events` for each step. Until it
    is closed it keeps its space, and `restore` brings everything back. Asking again changes
    nothing.
    """
    pen = caller.pen(
        _shown(caller), status=202, version=_version, messages=lambda _: (OFFBOARDING,)
    )
    return pen.answer(
        await caller.backend.offboard_prefix(caller.account_id, prefix_id, by=pen.by, once=pen.once)
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

    Its standing and its bindings come back together, a new letter is written if one was, and each
    route that was withdrawn is announced again, by the rules of any other announcement. Routes
    that cannot be are named in `messages`, and hold up no other. A prefix that is not on its way
    out stays as it is.
    """
    show = _shown(caller)

    def shown(restored: Restored) -> Prefix:
        return show(restored.view)

    def version(restored: Restored) -> int:
        return _version(restored.view)

    pen = caller.pen(shown, version=version, messages=restored_messages)
    return pen.answer(
        await caller.backend.restore_prefix(caller.account_id, prefix_id, by=pen.by, once=pen.once)
    )


def restored_messages(restored: Restored) -> tuple[Message, ...]:
    """What did not come back, and whether it will."""
    if not restored.changed:
        return (NO_CHANGE,)
    said = []
    for one in restored.withheld:
        code, name = ROUTE_OWED if one.owed else ROUTE_WITHHELD
        then = _TRIED if one.owed else "Announce it when it may."
        message = f"{one.cidr} is not announced: {one.why} {then}"
        said.append(Message(code=code, name=name, message=message))
    return tuple(said)


def _shown(caller: Authenticated) -> Callable[[ClaimView], Prefix]:
    return partial(prefix_of, advice=caller.backend.advice, now=caller.now)


def _version(view: ClaimView) -> int:
    return view.claim.version
