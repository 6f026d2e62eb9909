"""How a prefix comes back: its standing, its bindings, its letter, and its routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from byoip.domain.bindings.service_binding import ServiceBinding, ServiceNotFound, may_serve
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import (
    AdvertiseStateLocked,
    BgpPrefix,
    BgpPrefixNotFound,
    Contested,
    IncompleteBgpDeployment,
)
from byoip.domain.routes.flaps import AnnouncedTooOften
from byoip.domain.routes.offboarding import Offboarding, ServiceRetired, TakenBinding, TakenRoute
from byoip.domain.routes.route_validity import OriginUnanswered
from byoip.store.transaction import Transaction
from byoip.usecases.events import record_changes
from byoip.usecases.routes.announce import announce

_NOT_YET = (
    Contested,
    AdvertiseStateLocked,
    IncompleteBgpDeployment,
    OriginUnanswered,
    AnnouncedTooOften,
)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A route that could not be announced again.

    Attributes:
        owed: the worker tries it again; else its owner has to ask for it.
    """

    cidr: str
    why: str
    route: TakenRoute
    owed: bool


async def restore_standing(tx: Transaction, claim: Claim, offboarding: Offboarding) -> Claim:
    """Give a locked claim its standing and its bindings back, and have a letter written.

    Where its approval was revoked it binds nothing: what it gave up may be another's by now.

    Raises:
        ServiceRetired: what was bound is no longer offered.
        DefaultOnlyService: what was bound serves whole prefixes only by now.
        Contested: another claim serves some of it, or holds it since the approval was revoked.
    """
    bound = offboarding.bindings
    if bound and not claim.approved:
        if await tx.contests.held_by_another(claim):
            raise Contested
        bound = ()
    for one in sorted(bound, key=lambda taken: taken.cidr != str(claim.prefix)):
        await _bind(tx, claim, one)  # the default first
    restored = claim.change_standing(Transition.RESTORED, tx.now)
    if offboarding.contested:
        restored = restored.change_standing(Transition.CONTESTED, tx.now)
    await tx.claims.save(restored)
    record_changes(tx, claim, restored)
    if restored.approved and restored.delegate_loa_creation:
        await tx.jobs.enqueue_letter(claim.id)
    return restored


async def announce_again(
    tx: Transaction, claim: Claim, routes: Sequence[TakenRoute]
) -> tuple[Withheld, ...]:
    """Announce the routes that were withdrawn and not touched since; those not announced, and why.

    Each is validated again. One that cannot be announced holds up no other.
    """
    withheld = []
    for route in routes:
        try:
            before = await tx.bgp_prefixes.get(claim.id, route.bgp_prefix_id)
        except BgpPrefixNotFound:
            continue  # its owner has removed it
        if before.desired.advertised or before.desired.change != route.change:
            continue  # its owner has decided otherwise
        try:
            await _announce(tx, claim, before)
        except _NOT_YET as refusal:
            # Edges lack it, a contest is open, validation had no answer, or it flaps: none of them
            # is a "no".
            withheld.append(Withheld(str(before.cidr), refusal.message, route, owed=True))
        except Refusal as refusal:
            withheld.append(Withheld(str(before.cidr), refusal.message, route, owed=False))
    return tuple(withheld)


async def _announce(tx: Transaction, claim: Claim, before: BgpPrefix) -> BgpPrefix:
    before.require_unlocked()
    # A refusal by the database, for a claim that was faster, leaves the rest of it in use.
    async with await tx.session.savepoint():
        return await announce(tx, claim, before, prepend=before.desired.prepend)


async def _bind(tx: Transaction, claim: Claim, taken: TakenBinding) -> None:
    try:
        service = await tx.services.get(taken.service_id)
    except ServiceNotFound:
        raise ServiceRetired(taken.service_id.hex) from None
    cidr = Prefix.parse(taken.cidr)
    may_serve(claim.prefix, cidr, service)
    binding = ServiceBinding(uuid4(), claim.id, claim.prefix, cidr, service, tx.now)
    await tx.bindings.add(binding)
    after = {
        "binding_id": binding.id.hex,
        "cidr": taken.cidr,
        "service_id": service.id.hex,
        "was": taken.binding_id.hex,
    }
    tx.record(claim.id, "binding.created", after=after)
