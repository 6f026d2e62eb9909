"""For operators: the BGP prefixes of any account, and the lock on them."""

from collections.abc import Sequence
from uuid import UUID

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import Message, answer_of, counted_list_of
from byoip.api.border.messages import NO_CHANGE
from byoip.api.border.paging import everything
from byoip.api.path_ids import PathId
from byoip.api.routes.bgp import TO_ANNOUNCE
from byoip.api.routes.bgp_schemas import BgpPrefix, bgp_prefix_of
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.routes.bgp_prefix import BGP_PREFIXES_PER_PREFIX, BgpPrefixNotFound
from byoip.domain.watch.freezing import NotFrozen
from byoip.store.routes.views import BgpPrefixView
from byoip.usecases.routes.announce_on_word import announce_on_word
from byoip.usecases.routes.bgp_prefixes import lock

operator_bgp = Declarations("operator: prefixes", Audience.OPERATOR)


@operator_bgp.operation(
    "GET /prefixes/{prefix_id}/bgp/prefixes",
    Scope.OPERATOR,
    answer=counted_list_of(BgpPrefix),
    refuses=(ClaimNotFound,),
)
async def list_any_bgp_prefixes(caller: OperatorRequest, prefix_id: PathId) -> Answer:
    """List the BGP prefixes of any account's prefix: all of them, oldest first."""
    owner = await caller.backend.operator_reader.owner(prefix_id)
    found = await caller.backend.reader.bgp_prefixes(
        owner, prefix_id, after=None, limit=BGP_PREFIXES_PER_PREFIX
    )
    whole = everything(found, size=BGP_PREFIXES_PER_PREFIX)
    return await list_answer(whole, bgp_prefix_of, total=len(found))


@operator_bgp.operation(
    "POST /prefixes/{prefix_id}/bgp/prefixes/{bgp_prefix_id}/lock",
    Scope.OPERATOR,
    answer=answer_of(BgpPrefix),
    refuses=(ClaimNotFound, BgpPrefixNotFound),
)
async def lock_bgp_prefix(
    caller: OperatorRequest, prefix_id: PathId, bgp_prefix_id: PathId, body: Reasoned
) -> Answer:
    """Lock a route, announced or withdrawn as it is.

    Its owner cannot announce, withdraw, prepend or end it, nor offboard the prefix, until it is
    unlocked; routers keep what they have. An offboarding that has begun stops there.
    """
    return await _lock(caller, prefix_id, bgp_prefix_id, body, locked=True)


@operator_bgp.operation(
    "POST /prefixes/{prefix_id}/bgp/prefixes/{bgp_prefix_id}/unlock",
    Scope.OPERATOR,
    answer=answer_of(BgpPrefix),
    refuses=(ClaimNotFound, BgpPrefixNotFound),
)
async def unlock_bgp_prefix(
    caller: OperatorRequest, prefix_id: PathId, bgp_prefix_id: PathId, body: Reasoned
) -> Answer:
    """Unlock a route. It stays announced or withdrawn, and its owner may change that again."""
    return await _lock(caller, prefix_id, bgp_prefix_id, body, locked=False)


@operator_bgp.operation(
    "POST /prefixes/{prefix_id}/bgp/prefixes/{bgp_prefix_id}/announce",
    Scope.OPERATOR,
    answer=answer_of(BgpPrefix),
    refuses=(*TO_ANNOUNCE, NotFrozen),
)
async def announce_bgp_prefix(
    caller: OperatorRequest, prefix_id: PathId, bgp_prefix_id: PathId, body: Reasoned
) -> Answer:
    """Announce a withdrawn route of a frozen prefix on your word: a customer may be under attack.

    Also where the prefix is contested or in dispute, for the account that holds the approval, and
    never for the one that challenges it (`contested`); and where its origin is in dispute. The
    freeze, the contest and the dispute stand. All other obstacles hold, as for its owner; one that
    is *invalid* by ROA data is never announced. The reason stands in the prefix's history, which
    its customer reads.
    """
    return await caller.write(
        lambda tx: announce_on_word(tx, prefix_id, bgp_prefix_id, reason=body.reason),
        bgp_prefix_of,
        messages=_remarks,
    )


async def _lock(
    caller: OperatorRequest, prefix_id: UUID, bgp_prefix_id: UUID, body: Reasoned, *, locked: bool
) -> Answer:
    return await caller.write(
        lambda tx: lock(tx, prefix_id, bgp_prefix_id, locked=locked, reason=body.reason),
        bgp_prefix_of,
        messages=_remarks,
    )


def _remarks(view: BgpPrefixView) -> Sequence[Message]:
    return () if view.changed else (NO_CHANGE,)
