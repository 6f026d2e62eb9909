"""What operators offer customers to bind: services are created, updated and retired."""

from dataclasses import replace
from uuid import UUID, uuid4

from byoip.domain.bindings.offered_service import ServiceInUse, may_be_default_only
from byoip.domain.bindings.service_binding import Service
from byoip.domain.operator_text import stated_name, stated_reason
from byoip.store.transaction import Transaction


async def create(tx: Transaction, *, name: str, default_only: bool, reason: str) -> Service:
    """Offer customers a new service.

    Raises:
        InvalidText: the reason or the name.
        ServiceExists: a service of this name is offered already.
    """
    why = stated_reason(reason)
    service = Service(uuid4(), stated_name(name).value, default_only)
    await tx.services.add(service, tx.now)
    tx.record_for_operators("service.created", why, after=_shown(service))
    return service


async def update(tx: Transaction, service_id: UUID, *, default_only: bool, reason: str) -> Service:
    """Change whether a service takes whole prefixes only.

    Raises:
        InvalidText: the reason.
        ServiceNotOffered: there is no such live service.
        PreconditionFailed: the service has another version by now.
        ServiceInUse: it is bound to parts of prefixes.
    """
    why = stated_reason(reason)
    old = await tx.services.lock(service_id)
    tx.precondition.require(old.version)
    new = replace(old, default_only=default_only)
    if new == old:
        return old
    new = replace(new, version=old.version + 1)
    _, nested = await tx.services.bindings(service_id)
    may_be_default_only(nested if default_only else 0)
    await tx.services.save(new)
    tx.record_for_operators("service.updated", why, before=_shown(old), after=_shown(new))
    return new


async def retire(tx: Transaction, service_id: UUID, *, reason: str) -> Service:
    """Offer a service no longer; never from under a binding. The row stays.

    Raises:
        InvalidText: the reason.
        ServiceNotOffered: there is no such live service.
        ServiceInUse: it has bindings, or an edge in service may still answer with it.
    """
    why = stated_reason(reason)
    service = await tx.services.lock(service_id)
    bound, _ = await tx.services.bindings(service_id)
    if bound:
        raise ServiceInUse(f"{bound} bindings rest on it")
    if names := await tx.edges.holding(service_id):
        raise ServiceInUse(f"edges have not acknowledged its end: {', '.join(names[:5])}")
    await tx.services.retire(service_id, tx.now)
    tx.record_for_operators("service.retired", why, before=_shown(service))
    return service


def _shown(service: Service) -> dict[str, object]:
    return {
        "service_id": service.id.hex,
        "name": service.name,
        "default_only": service.default_only,
    }
