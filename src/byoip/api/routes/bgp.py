"""BGP prefixes of a customer: read, announced, withdrawn and ended."""

from collections.abc import Callable, Sequence
from uuid import UUID

from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import CustomerRequest, nothing
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Done, Message, answer_of, counted_list_of
from byoip.api.border.messages import (
    FEW_NEXT_HOPS,
    NO_CHANGE,
    NO_NEXT_HOP,
    NO_SPEAKER,
    NO_SPEAKERS,
    NOT_YET_APPLIED,
)
from byoip.api.border.paging import LONGEST_PAGE, CursorText, PerPage, page_request, paginate_list
from byoip.api.border.refusals import FieldMissing
from byoip.api.path_ids import PathId
from byoip.api.routes import bgp_schemas as wire
from byoip.api.routes.bgp_schemas import AdvertisementStatus, BgpPrefix, bgp_prefix_of, status_of
from byoip.domain.accounts.credential import Scope
from byoip.domain.asn import OriginNotOffered
from byoip.domain.asns.aspa import AspaExcludesOperator, AspaUnanswered
from byoip.domain.asns.disputed import AsnDisputed
from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import (
    ClaimNotFound,
    PrefixOffboarding,
    PrefixSuspended,
    WithdrawFirst,
)
from byoip.domain.claims.lifecycle import IllegalTransition
from byoip.domain.errors import Refusal
from byoip.domain.prefix import InvalidPrefix
from byoip.domain.routes import bgp_prefix
from byoip.domain.routes.awaited import Awaited
from byoip.domain.routes.bgp_prefix import BgpPrefixNotFound, LockedByOperator
from byoip.domain.routes.breaker import WithdrawalsStopped
from byoip.domain.routes.flaps import AnnouncedTooOften
from byoip.domain.routes.prepending import PrependWouldRemove
from byoip.domain.routes.route_validity import OriginNotValid, OriginUnanswered
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.store.routes.views import BgpPrefixView
from byoip.usecases.routes import bgp_prefixes as verbs

bgp = Declarations("bgp")

TO_ANNOUNCE: tuple[type[Refusal], ...] = (
    ClaimNotFound,
    BgpPrefixNotFound,
    LockedByOperator,
    PrefixNotApproved,
    PrefixSuspended,
    PrefixOffboarding,
    PrefixFrozen,
    bgp_prefix.Contested,
    bgp_prefix.IncompleteBgpDeployment,
    bgp_prefix.AdvertiseStateLocked,
    OriginNotValid,
    OriginUnanswered,
    AnnouncedTooOften,
    OriginNotOffered,
    AsnDisputed,
    AspaExcludesOperator,
    AspaUnanswered,
    PrependWouldRemove,
)
_CHANGE_REFUSALS = (*TO_ANNOUNCE, WithdrawalsStopped)


@bgp.operation(
    "POST /prefixes/{prefix_id}/bgp/prefixes",
    Scope.BGP_WRITE,
    answer=answer_of(BgpPrefix),
    status=201,
    tagged=True,
    refuses=(
        ClaimNotFound,
        InvalidPrefix,
        PrefixNotApproved,
        PrefixSuspended,
        PrefixFrozen,
        IllegalTransition,
        bgp_prefix.IncompleteBgpDeployment,
        bgp_prefix.BgpPrefixOutsidePrefix,
        bgp_prefix.BgpPrefixTooSpecific,
        bgp_prefix.BgpPrefixExists,
        bgp_prefix.TooManyBgpPrefixes,
    ),
)
async def create_bgp_prefix(
    caller: CustomerRequest, prefix_id: PathId, body: wire.NewBgpPrefix
) -> Answer:
    """Let a part of the prefix be announced on its own.

    It begins withdrawn. The BGP prefix that spans the prefix comes with the default binding.
    """
    return await caller.write(
        lambda tx: verbs.add(tx, caller.account_id, prefix_id, cidr=body.cidr), bgp_prefix_of
    )


@bgp.operation(
    "GET /prefixes/{prefix_id}/bgp/prefixes",
    Scope.BGP_READ,
    answer=counted_list_of(BgpPrefix),
    refuses=(ClaimNotFound,),
)
async def list_bgp_prefixes(
    caller: CustomerRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the BGP prefixes of a prefix.

    All of them, oldest first, unless `per_page` is given.
    """
    wanted = page_request(per_page, cursor, default=LONGEST_PAGE)
    whole = await caller.backend.reader.bgp_prefixes(
        caller.account_id, prefix_id, after=None, limit=bgp_prefix.BGP_PREFIXES_PER_PREFIX
    )
    part = paginate_list(whole, wanted, lambda view: view.bgp_prefix)
    return await list_answer(part, bgp_prefix_of, total=len(whole))


@bgp.operation(
    "GET /prefixes/{prefix_id}/bgp/prefixes/{bgp_prefix_id}",
    Scope.BGP_READ,
    answer=answer_of(BgpPrefix),
    tagged=True,
    refuses=(ClaimNotFound, BgpPrefixNotFound),
)
async def get_bgp_prefix(
    caller: CustomerRequest, prefix_id: PathId, bgp_prefix_id: PathId
) -> Answer:
    """Read one BGP prefix: what is desired, applied and observed. Its ETag is its prefix's."""
    view = await caller.backend.reader.bgp_prefix(caller.account_id, prefix_id, bgp_prefix_id)
    said = _not_applied(view, speaks=caller.backend.speaks)
    return answer(bgp_prefix_of(view), version=view.version, messages=said)


@bgp.operation(
    "PATCH /prefixes/{prefix_id}/bgp/prefixes/{bgp_prefix_id}",
    Scope.BGP_WRITE,
    answer=answer_of(BgpPrefix),
    tagged=True,
    refuses=(*_CHANGE_REFUSALS, bgp_prefix.NotSupported, FieldMissing),
)
async def update_bgp_prefix(
    caller: CustomerRequest, prefix_id: PathId, bgp_prefix_id: PathId, body: wire.BgpPrefixChange
) -> Answer:
    """Announce or withdraw it, or change how often the origin is repeated.

    Its origin is validated whenever it goes from withdrawn to advertised. Its owner may always
    withdraw, unless the operator has locked it. If it is as requested already, nothing is changed,
    and the message is `no_change`.
    """
    body.require_supported()
    return await caller.write(
        lambda tx: verbs.advertise(
            tx,
            caller.account_id,
            prefix_id,
            bgp_prefix_id,
            advertised=None if body.on_demand is None else body.on_demand.advertised,
            prepend=body.asn_prepend_count,
        ),
        bgp_prefix_of,
        messages=_remarks(caller),
    )


@bgp.operation(
    "DELETE /prefixes/{prefix_id}/bgp/prefixes/{bgp_prefix_id}",
    Scope.BGP_WRITE,
    answer=Done,
    refuses=(ClaimNotFound, BgpPrefixNotFound, WithdrawFirst, LockedByOperator),
)
async def delete_bgp_prefix(
    caller: CustomerRequest, prefix_id: PathId, bgp_prefix_id: PathId
) -> Answer:
    """End a BGP prefix that is withdrawn, and that no router announces any more.

    The BGP prefix that spans the prefix ends with the default binding.
    """
    return await caller.write(
        lambda tx: verbs.remove(tx, caller.account_id, prefix_id, bgp_prefix_id), nothing
    )


@bgp.operation(
    "GET /prefixes/{prefix_id}/bgp/status",
    Scope.BGP_READ,
    answer=answer_of(AdvertisementStatus),
    tagged=True,
    refuses=(ClaimNotFound,),
)
async def get_advertisement_status(caller: CustomerRequest, prefix_id: PathId) -> Answer:
    """Read whether the whole prefix is to be announced.

    Deprecated: read its BGP prefixes instead.
    """
    reader = caller.backend.reader
    try:
        view = await reader.bgp_prefix(caller.account_id, prefix_id, _SPANNING)
    except BgpPrefixNotFound:  # it comes with the default binding
        claim = (await reader.claim(caller.account_id, prefix_id)).claim
        return answer(wire.NEVER_ADVERTISED, version=claim.version)
    said = _not_applied(view, speaks=caller.backend.speaks)
    return answer(status_of(view), version=view.version, messages=said)


@bgp.operation(
    "PATCH /prefixes/{prefix_id}/bgp/status",
    Scope.BGP_WRITE,
    answer=answer_of(AdvertisementStatus),
    tagged=True,
    refuses=_CHANGE_REFUSALS,
)
async def update_advertisement_status(
    caller: CustomerRequest, prefix_id: PathId, body: wire.AdvertisementChange
) -> Answer:
    """Announce or withdraw the whole prefix.

    Deprecated: PATCH the BGP prefix that spans it, on which this acts.
    """
    return await caller.write(
        lambda tx: verbs.advertise(
            tx, caller.account_id, prefix_id, _SPANNING, advertised=body.advertised
        ),
        status_of,
        messages=_remarks(caller),
    )


_SPANNING: UUID | None = None


def _remarks(caller: CustomerRequest) -> Callable[[BgpPrefixView], Sequence[Message]]:
    # What is desired is recorded without speakers too, and nothing is announced then.
    speaks = caller.backend.speaks
    silent = () if speaks else (NO_SPEAKERS,)
    return lambda view: (
        *(() if view.changed else (NO_CHANGE,)),
        *silent,
        *_not_applied(view, speaks=speaks),
        *_next_hops(view),
    )


def _not_applied(view: BgpPrefixView, *, speaks: bool) -> Sequence[Message]:
    """That what was asked, and is shown, is not so yet, and why."""
    wanted = view.bgp_prefix.desired.advertised
    if wanted == view.applied.advertised:
        return ()
    if not speaks:
        return (NO_SPEAKER,)
    code, name = NOT_YET_APPLIED
    now = "no speaker has confirmed it" if wanted else "a speaker still holds the route"
    waits = view.waiting_for
    why = _WAITS_FOR[waits.what] if waits else "it is under way"
    asked = "announced" if wanted else "withdrawn"
    message = f"It was asked to be {asked}, and {now}: {why}."
    return (Message(code=code, name=name, message=message),)


_WAITS_FOR = {
    Awaited.RECONCILER: "no worker has spoken to a speaker for a minute",
    Awaited.SPEAKERS: "no speaker answers",
    Awaited.DRAIN: "the operator keeps the speakers out of service",
    Awaited.NEXT_HOP: "no speaker has a next hop for its address family, or, where the origin is "
    "a customer's AS, none is in the operator's AS that stands before it",
    Awaited.OBSERVERS: "no observer can say whether it is seen, so further stages wait",
}


def _next_hops(view: BgpPrefixView) -> Sequence[Message]:
    fit, speakers = view.next_hops
    if fit == speakers or not view.bgp_prefix.desired.advertised:
        return ()
    return (FEW_NEXT_HOPS,) if fit else (NO_NEXT_HOP,)
