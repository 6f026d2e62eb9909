"""BGP prefixes: what customers do with the routes of a prefix, and the operator's lock on them."""

from uuid import UUID

from byoip.domain.bindings.service_binding import PrefixNotApproved
from byoip.domain.claims.claim import Claim, WithdrawFirst
from byoip.domain.operator_text import stated_reason
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import (
    BgpPrefix,
    BgpPrefixNotFound,
    IncompleteBgpDeployment,
    may_add,
)
from byoip.domain.routes.breaker import Source
from byoip.store.routes.views import BgpPrefixView
from byoip.store.transaction import Transaction
from byoip.usecases.routes.announce import announce
from byoip.usecases.routes.lifecycle import begin_route, end_routes, still_out
from byoip.usecases.routes.prepending import require_prepend
from byoip.usecases.routes.withdraw import withdraw


async def add(tx: Transaction, account_id: UUID, claim_id: UUID, *, cidr: str) -> BgpPrefixView:
    """Let a part of an approved, bound prefix be announced on its own. It begins withdrawn.

    Raises:
        InvalidPrefix: the route itself.
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        PrefixNotApproved, PrefixSuspended, IllegalTransition: the prefix's state does not allow it.
        IncompleteBgpDeployment: no service is bound to the whole prefix.
        BgpPrefixOutsidePrefix, BgpPrefixTooSpecific, BgpPrefixExists: the prefix cannot have it.
        TooManyBgpPrefixes: the prefix has as many as it may have.
    """
    wanted = Prefix.parse(cidr)
    claim = await tx.lock_claim(claim_id, account_id)
    may_add(wanted, claim, await tx.bindings.of(claim_id), await tx.bgp_prefixes.of(claim_id))
    written = claim.written(tx.now)
    await tx.claims.save(written)
    return BgpPrefixView(await begin_route(tx, claim, wanted), written.version)


async def advertise(
    tx: Transaction,
    account_id: UUID,
    claim_id: UUID,
    bgp_prefix_id: UUID | None,
    *,
    advertised: bool | None = None,
    prepend: int | None = None,
) -> BgpPrefixView:
    """Announce or withdraw one route, or change how it is announced.

    A route that is so already stays untouched, and the view says so; one that waits since a restore
    is announced if that is asked for, and one whose withdrawal a restore has forgotten is withdrawn
    again.

    Args:
        tx: the transaction.
        account_id: the owner's.
        claim_id: the prefix.
        bgp_prefix_id: the route; None: the one that spans the prefix.
        advertised: what the owner wants; None: as it is.
        prepend: how often the origin is repeated, 0 to 3; None: as it is.

    Raises:
        ClaimNotFound, BgpPrefixNotFound: the account has no such claim, or it no such route.
        PreconditionFailed: the claim has another version by now.
        LockedByOperator: the operator has locked the route.
        Refusal: it is not announced; see `Announceable.require`.
        WithdrawalsStopped, CeilingReached: it is not withdrawn; see `withdraw.tripping`.
    """
    claim = await tx.lock_claim(claim_id, account_id)
    before, forgotten = await _find(tx, claim_id, bgp_prefix_id, to=advertised)
    desired = before.desired
    to = desired.advertised if advertised is None else advertised
    repeat = desired.prepend if prepend is None else prepend
    waits = to and desired.advertised and await tx.unreleased.waits(before.id)
    released = waits and advertised is not None
    again = forgotten or released
    if (to, repeat) == (desired.advertised, desired.prepend) and not again:
        return (await tx.bgp_prefixes.view(before, claim.version)).unchanged
    before.require_unlocked()
    written = claim.written(tx.now)
    await tx.claims.save(written)
    if forgotten:  # and it is still out
        await tx.bgp_prefixes.adopt(before.id)
    if forgotten or (desired.advertised and not to):
        return await _withdraw(tx, before, written.version, prepend=repeat)
    if released:  # a restored database says that it is announced: its owner says so now
        after = await announce(tx, claim, before, prepend=repeat)
    else:
        after = await _change(tx, claim, before, to=to, prepend=repeat)
        if advertised is None:  # other prepends do not say whether it is to be announced
            await tx.unreleased.keep_waiting(before.id, desired.change, after.desired.change)
    return await tx.bgp_prefixes.view(after, written.version)


async def remove(tx: Transaction, account_id: UUID, claim_id: UUID, bgp_prefix_id: UUID) -> None:
    """End a route that is withdrawn everywhere. Its row stays.

    Raises:
        ClaimNotFound, BgpPrefixNotFound: the account has no such claim, or it no such route.
        PreconditionFailed: the claim has another version by now.
        WithdrawFirst: the Internet may still know it; or it spans the prefix, and ends with the
            default binding, as it began.
        LockedByOperator: the operator has locked it.
    """
    claim = await tx.lock_claim(claim_id, account_id)
    gone = await tx.bgp_prefixes.get(claim_id, bgp_prefix_id)
    if why := (await still_out(tx, claim_id)).get(bgp_prefix_id):
        raise WithdrawFirst(why)
    if gone.spans and any(one.is_default for one in await tx.bindings.of(claim_id)):
        raise WithdrawFirst("it spans the prefix, and goes with its default binding")
    await tx.claims.save(claim.written(tx.now))
    await end_routes(tx, [gone])


async def lock(
    tx: Transaction, claim_id: UUID, bgp_prefix_id: UUID, *, locked: bool, reason: str
) -> BgpPrefixView:
    """Take a route out of its owner's hands, announced or withdrawn as it is, or give it back.

    A locked route is not announced, withdrawn, prepended or ended, and its prefix is not
    offboarded; routers keep what was desired before. A route that is so already stays untouched,
    and the view says so.

    Raises:
        InvalidText: the reason.
        ClaimNotFound, BgpPrefixNotFound: there is no such live claim, or it has no such route.
    """
    why = stated_reason(reason)
    claim = await tx.lock_claim(claim_id)
    before = await tx.bgp_prefixes.get(claim_id, bgp_prefix_id)
    if before.locked is locked:
        return (await tx.bgp_prefixes.view(before, claim.version)).unchanged
    after = before.lock(tx.now, locked=locked)
    await tx.bgp_prefixes.save(after)
    shown = {
        "bgp_prefix_id": after.id.hex,
        "cidr": str(after.cidr),
        "advertised": after.desired.advertised,
        "reason": why.value,
    }
    tx.record(claim_id, "bgp_prefix.locked" if locked else "bgp_prefix.unlocked", after=shown)
    return await tx.bgp_prefixes.view(after, claim.version)


async def _find(
    tx: Transaction, claim_id: UUID, bgp_prefix_id: UUID | None, *, to: bool | None
) -> tuple[BgpPrefix, bool]:
    """The route; and, where it is to be withdrawn, whether its withdrawal was forgotten."""
    this = tx.bgp_prefixes.asking(claim_id, bgp_prefix_id)
    forgotten: bool = False
    if to:  # and edges are held, as it is announced
        _, found = await tx.session.look(tx.edges.hold(), this)
    elif to is None:
        (found,) = await tx.session.look(this)
    else:  # and it has its turn at the breaker, as it is withdrawn
        of = claim_id, bgp_prefix_id
        asked = tx.bgp_prefixes.forgotten(*of), tx.breaker.turn_of(*of)
        found, forgotten, _ = await tx.session.look(this, *asked)
    if found is None:  # the one that spans it comes with the default binding
        raise IncompleteBgpDeployment if to and bgp_prefix_id is None else BgpPrefixNotFound
    return found, forgotten


async def _change(
    tx: Transaction, claim: Claim, before: BgpPrefix, *, to: bool, prepend: int
) -> BgpPrefix:
    if to and not before.desired.advertised:
        return await announce(tx, claim, before, prepend=prepend)
    if before.desired.advertised:
        if not claim.approved:
            raise PrefixNotApproved
        claim.require_not_suspended()
    return await _prepend(tx, before, prepend)


async def _withdraw(
    tx: Transaction, before: BgpPrefix, version: int, *, prepend: int
) -> BgpPrefixView:
    """The owner may always: contested, suspended, no longer approved or not."""
    gone = await withdraw(tx, before, source=Source.REQUEST)
    unrecorded, view = await tx.bgp_prefixes.view_withdrawn(gone, version)
    # A speaker may hold an orphan in place of what it was asked to announce and has not been told,
    # or was not looked at since a restore. A job's word may be of before it: a person looks first.
    if unrecorded:
        await tx.bgp_prefixes.adopt(gone.id)
    after = await _prepend(tx, gone, prepend)
    if unrecorded or after is not gone:
        return await tx.bgp_prefixes.view(after, version)
    return view


async def _prepend(tx: Transaction, before: BgpPrefix, prepend: int) -> BgpPrefix:
    if before.desired.prepend == prepend:
        return before
    if before.desired.advertised:  # else it is asked when it is announced
        await require_prepend(tx, before.asn, prepend)
    after = before.prepended(prepend, request_id=tx.actor.request_id, now=tx.now)
    await tx.bgp_prefixes.save(after)
    old, new = (
        {
            "bgp_prefix_id": one.id.hex,
            "cidr": str(one.cidr),
            "asn_prepend_count": one.desired.prepend,
        }
        for one in (before, after)
    )
    tx.record(after.claim_id, "bgp_prefix.prepended", before=old, after=new)
    return after
