"""Which service answers for which addresses of a prefix."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

BINDINGS_PER_PREFIX = 1000


class ServiceNotFound(Refusal):
    """No such service."""

    name = "service_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such service: see GET /services.", pointer="/service_id")


class BindingNotFound(Refusal):
    """No such binding of this prefix."""

    name = "binding_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such service binding of this prefix.")


class PrefixNotApproved(Refusal):
    """Only an account that has proven a prefix may have its traffic sent anywhere."""

    name = "prefix_not_valid_and_approved"

    def __init__(self) -> None:
        super().__init__("The prefix is not approved yet: its blockers say what is missing.")


class BindingOutsidePrefix(Refusal):
    """A binding lies inside its prefix."""

    name = "binding_outside_prefix"

    def __init__(self, cidr: Prefix, prefix: Prefix) -> None:
        super().__init__(f"{cidr} does not lie inside {prefix}.", pointer="/cidr")


class DefaultBindingFirst(Refusal):
    """The first binding spans the whole prefix."""

    name = "default_binding_first"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"Bind a service to all of {prefix} first, so that no address is left without one.",
            pointer="/cidr",
        )


class BindingExists(Refusal):
    """One service per exact range."""

    name = "binding_exists"

    def __init__(self, cidr: Prefix) -> None:
        super().__init__(
            f"{cidr} is bound already: PATCH that binding to change its service without a gap.",
            pointer="/cidr",
        )


class DefaultOnlyService(Refusal):
    """Some services take a whole prefix or nothing."""

    name = "service_default_only"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} can only serve a whole prefix.", pointer="/service_id")


class DefaultBindingInUse(Refusal):
    """The default goes last."""

    name = "default_binding_in_use"

    def __init__(self, why: str) -> None:
        super().__init__(f"The default binding cannot go: {why}.")


class TooManyBindings(Refusal):
    """The prefix's quota is used up."""

    name = "binding_quota_reached"

    def __init__(self) -> None:
        super().__init__(f"A prefix has at most {BINDINGS_PER_PREFIX} bindings: remove one.")


class Provisioning(StrEnum):
    """Whether the edge has it."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Service:
    """Something an operator offers to bind.

    Attributes:
        version: counts the operator's writes; known where operators see it, and no part of what
            the service is.
    """

    id: UUID
    name: str
    default_only: bool = False
    version: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class ServiceBinding:
    """A range of a claimed prefix, answered for by a service.

    Attributes:
        prefix: the claim's.
        service: what is bound.
        state: active when edges have it.
        interim: what answers for the range until it is active; None if that is what encloses it.
    """

    id: UUID
    claim_id: UUID
    prefix: Prefix
    cidr: Prefix
    service: Service
    created_at: datetime
    state: Provisioning = Provisioning.ACTIVE
    interim: Service | None = None

    @property
    def is_default(self) -> bool:
        """Whether it spans the whole prefix."""
        return self.cidr == self.prefix

    @property
    def answered_by(self) -> Service | None:
        """The service that answers now; None while what encloses it still does."""
        return self.service if self.state is Provisioning.ACTIVE else self.interim


def may_bind(
    prefix: Prefix, cidr: Prefix, service: Service, existing: Iterable[ServiceBinding]
) -> None:
    """Refuse a binding that would not nest.

    Raises:
        BindingOutsidePrefix: the range does not lie inside the prefix.
        BindingExists: exactly this range is bound already.
        DefaultBindingFirst: it is a part, and the whole prefix is not bound yet.
        DefaultOnlyService: it is a part, and the service takes whole prefixes only.
        TooManyBindings: the prefix has as many as it may.
    """
    bound = {binding.cidr for binding in existing}
    if not prefix.covers(cidr):
        raise BindingOutsidePrefix(cidr, prefix)
    if cidr in bound:
        raise BindingExists(cidr)
    if prefix not in bound and cidr != prefix:
        raise DefaultBindingFirst(prefix)
    may_serve(prefix, cidr, service)
    if len(bound) >= BINDINGS_PER_PREFIX:
        raise TooManyBindings


def may_serve(prefix: Prefix, cidr: Prefix, service: Service) -> None:
    """Refuse a service that takes whole prefixes only, on a part.

    Raises:
        DefaultOnlyService: it does, and `cidr` is a part.
    """
    if service.default_only and cidr != prefix:
        raise DefaultOnlyService(service.name)


def may_unbind(binding: ServiceBinding, existing: Iterable[ServiceBinding]) -> None:
    """Refuse to take the default away from under others.

    Raises:
        DefaultBindingInUse: it is the default, and others nest in it.
    """
    others = [other for other in existing if other.id != binding.id]
    if binding.is_default and others:
        raise DefaultBindingInUse("remove the more specific bindings first")


def answering(
    address: IPv4Address | IPv6Address, bindings: Iterable[ServiceBinding]
) -> ServiceBinding | None:
    """The binding that answers for an address now: the longest at the edge that contains it."""
    containing = [one for one in bindings if one.answered_by and address in one.cidr.network]
    return max(containing, key=lambda binding: binding.cidr.length, default=None)


def binding_of(binding_id: UUID, bindings: Sequence[ServiceBinding]) -> ServiceBinding:
    """Pick one of a claim's bindings.

    Raises:
        BindingNotFound: it is not among them.
    """
    for binding in bindings:
        if binding.id == binding_id:
            return binding
    raise BindingNotFound
