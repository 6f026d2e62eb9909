"""What customers do with bindings: bind a service to a range, swap it, unbind it."""

from uuid import UUID, uuid4

from byoip.domain.bindings import service_binding as rules
from byoip.domain.bindings.service_binding import PrefixNotApproved, ServiceBinding
from byoip.domain.prefix import Prefix
from byoip.domain.watch.effects import Act
from byoip.store.claims.views import BindingView
from byoip.store.transaction import Transaction
from byoip.usecases.routes.lifecycle import begin_route, end_routes, require_withdrawn


async def bind(
    tx: Transaction, account_id: UUID, claim_id: UUID, *, cidr: str, service_id: UUID
) -> BindingView:
    """Have a service answer for a range of an approved prefix; the first binding spans all of it.

    The binding that spans it brings the BGP prefix that spans it, withdrawn.

    Raises:
        InvalidPrefix: `cidr` is not a prefix.
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        PrefixNotApproved, PrefixSuspended, PrefixOffboarding, PrefixFrozen: nothing can be bound to
            it now.
        ServiceNotFound: the operator offers no such service.
        BindingOutsidePrefix, BindingExists, DefaultBindingFirst, DefaultOnlyService,
        TooManyBindings: the range cannot be bound so; see `may_bind`.
        Contested: another claim still serves some of it.
    """
    wanted = Prefix.parse(cidr)
    claim = await tx.lock_claim(claim_id, account_id)
    if not claim.approved:
        raise PrefixNotApproved
    claim.require_open_to_changes()
    claim.require_may(Act.BIND)
    service = await tx.services.get(service_id)
    rules.may_bind(claim.prefix, wanted, service, await tx.bindings.of(claim_id))
    written = claim.written(tx.now)
    await tx.claims.save(written)
    binding = await tx.bindings.add(
        ServiceBinding(uuid4(), claim_id, claim.prefix, wanted, service, tx.now)
    )
    tx.record(claim_id, "binding.created", after=_shown(binding))
    if binding.is_default and await tx.bgp_prefixes.spanning(claim_id) is None:
        await begin_route(tx, claim, wanted)
    return BindingView(binding, written.version)


async def swap(
    tx: Transaction, account_id: UUID, claim_id: UUID, binding_id: UUID, *, service_id: UUID
) -> BindingView:
    """Change which service answers for a binding's range, without a gap.

    At once where there are no edges; else the old service answers until edges have the new one.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        PrefixNotApproved: the approval was revoked; what is bound stays.
        PrefixSuspended, PrefixOffboarding: nothing of it can be changed now.
        BindingNotFound: the claim has no such binding.
        ServiceNotFound: the operator offers no such service.
        DefaultOnlyService: it takes whole prefixes only, and the binding is of a part.
    """
    claim = await tx.lock_claim(claim_id, account_id)
    if not claim.approved:
        raise PrefixNotApproved
    claim.require_open_to_changes()
    old = rules.binding_of(binding_id, await tx.bindings.of(claim_id))
    service = await tx.services.get(service_id)
    rules.may_serve(claim.prefix, old.cidr, service)
    if old.service == service:
        return BindingView(old, claim.version)
    written = claim.written(tx.now)
    await tx.claims.save(written)
    swapped = await tx.bindings.swap(binding_id, service)
    before, after = (
        {"binding_id": binding_id.hex, "service_id": one.id.hex} for one in (old.service, service)
    )
    tx.record(claim_id, "binding.swapped", before=before, after=after)
    return BindingView(swapped, written.version)


async def unbind(tx: Transaction, account_id: UUID, claim_id: UUID, binding_id: UUID) -> None:
    """End a binding; the default goes last, and its BGP prefix with it. The row stays.

    Edges answer as before until they have acknowledged that.

    Raises:
        ClaimNotFound: the account has no such claim.
        PreconditionFailed: the claim has another version by now.
        BindingNotFound: the claim has no such binding.
        DefaultBindingInUse: it is the default, and others nest in it.
        WithdrawFirst: it is the default, and the Internet may still know one of the routes.
        LockedByOperator: it is the default, and the operator has locked its BGP prefix.
    """
    claim = await tx.lock_claim(claim_id, account_id)
    existing = await tx.bindings.of(claim_id)
    binding = rules.binding_of(binding_id, existing)
    rules.may_unbind(binding, existing)
    if binding.is_default:
        await _end_spanning(tx, claim_id)
    await tx.claims.save(claim.written(tx.now))
    await tx.bindings.remove(binding_id, tx.now)
    tx.record(claim_id, "binding.removed", before=_shown(binding))


async def _end_spanning(tx: Transaction, claim_id: UUID) -> None:
    await require_withdrawn(tx, claim_id)  # of all routes: each rests on the default binding
    if spanning := await tx.bgp_prefixes.spanning(claim_id):
        await end_routes(tx, [spanning])


def _shown(binding: ServiceBinding) -> dict[str, str]:
    return {
        "binding_id": binding.id.hex,
        "cidr": str(binding.cidr),
        "service_id": binding.service.id.hex,
    }
