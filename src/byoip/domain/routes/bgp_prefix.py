"""BGP prefixes, the routes an owner may have announced: the prefix itself, and parts of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.bindings.service_binding import PrefixNotApproved, ServiceBinding
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import IllegalTransition, Standing
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import MOST_PREPENDS, Route
from byoip.domain.watch.effects import Act

BGP_PREFIXES_PER_PREFIX = 1000
LONGEST_ROUTED = {4: 24, 6: 48}
DEPLOYED_AFTER = 5  # seconds: edges acknowledge a change within a few


class BgpPrefixNotFound(Refusal):
    """The prefix has no such BGP prefix."""

    name = "bgp_prefix_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such BGP prefix of this prefix.")


class BgpPrefixOutsidePrefix(Refusal):
    """The route is not inside the proven prefix."""

    name = "bgp_prefix_outside_prefix"

    def __init__(self, cidr: Prefix, prefix: Prefix) -> None:
        super().__init__(f"{cidr} does not lie inside {prefix}.", pointer="/cidr")


class BgpPrefixTooSpecific(Refusal):
    """The Internet does not carry routes this long."""

    name = "bgp_prefix_too_specific"

    def __init__(self, cidr: Prefix) -> None:
        super().__init__(
            f"{cidr} is too long to be routed: at most /{LONGEST_ROUTED[cidr.family]}.",
            pointer="/cidr",
        )


class BgpPrefixExists(Refusal):
    """The prefix has this route already."""

    name = "bgp_prefix_exists"

    def __init__(self, cidr: Prefix) -> None:
        super().__init__(f"{cidr} is a BGP prefix already: PATCH that one.", pointer="/cidr")


class TooManyBgpPrefixes(Refusal):
    """The prefix has as many BGP prefixes as it may have."""

    name = "bgp_prefix_quota_reached"

    def __init__(self) -> None:
        super().__init__(f"A prefix has at most {BGP_PREFIXES_PER_PREFIX} BGP prefixes: end one.")


class IncompleteBgpDeployment(Refusal):
    """There is no default binding: traffic would arrive where no service answers."""

    name = "incomplete_bgp_deployment"

    def __init__(self) -> None:
        super().__init__(
            "No service is bound to the whole prefix, so traffic could arrive where none answers: "
            "bind one (POST .../bindings with the prefix itself as cidr)."
        )


class AdvertiseStateLocked(Refusal):
    """The default binding is still being deployed, as v4 clients know it: wait and retry."""

    name = "advertise_state_locked"

    def __init__(self, lacking: Sequence[str] = ()) -> None:
        where = f" at {', '.join(lacking[:5])}" if lacking else ""
        super().__init__(
            "Not announced yet: the default binding is still being deployed, and is not active at "
            f"every edge{where}. Until it is, traffic could arrive where no service answers: try "
            "again in a few seconds.",
            retry_after=DEPLOYED_AFTER,
        )


class LockedByOperator(Refusal):
    """The operator has locked what is advertised."""

    name = "locked_by_operator"

    def __init__(self, cidr: Prefix) -> None:
        super().__init__(
            f"The operator has locked {cidr}: it stays as it is, announced or withdrawn, until "
            "they unlock it. The prefix's events give the reason; ask the operator."
        )


class Contested(Refusal):
    """Another account has proven or still serves the space, or left it after a change of holder."""

    name = "contested"

    def __init__(self, *, still_served: bool = False) -> None:
        super().__init__(_STILL_SERVED if still_served else _CONTESTED)


_CONTESTED = (
    "Another account has proven overlapping space, or it is reserved, or it was left after a "
    "change of holder, and a person has to look: nothing more is announced or approved until that "
    "account has left, the reservation is released, or the operator decides. What is announced "
    "stays, and bindings may be made, swapped and removed."
)
_STILL_SERVED = (
    "Another account, which held overlapping space before, still serves or announces it: it can be "
    "bound and announced here once that has ended. Ask the operator."
)


class NotSupported(Refusal):
    """A member of the v4 API that has only one value here."""

    name = "not_supported"

    def __init__(self, member: str) -> None:
        super().__init__(f"{member} can only be false here.", pointer=f"/{member}")


@dataclass(frozen=True, slots=True)
class Desired:
    """What the owner wants of a route.

    Attributes:
        change: counts up with each change that routers must learn of; never reused.
        at: when it last changed between advertised and withdrawn; None: never.
        request_id: of the request for the last change.
        binding_id: the default binding that answers for it while it is advertised.
        withdrawal_id: the ledger's entry of the withdrawal; None while advertised, or never so.
    """

    advertised: bool = False
    prepend: int = 0
    change: int = 1
    at: datetime | None = None
    request_id: str = ""
    binding_id: UUID | None = None
    withdrawal_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class BgpPrefix:
    """A route that its owner may have announced and withdrawn.

    Attributes:
        prefix: the claim's.
        behind: the operator's AS that stands before `asn` in its path, where that is the
            customer's own; as it was announced last.
        locked: by the operator; its owner can neither announce nor withdraw it.
        last_valid_at: when origin validation last said yes to announcing it.
    """

    id: UUID
    claim_id: UUID
    account_id: UUID
    prefix: Prefix
    cidr: Prefix
    asn: Asn
    created_at: datetime
    modified_at: datetime
    desired: Desired = Desired()
    locked: bool = False
    last_valid_at: datetime | None = None
    behind: Asn | None = None

    @property
    def spans(self) -> bool:
        """Whether it is the whole prefix."""
        return self.cidr == self.prefix

    @property
    def route(self) -> Route:
        """What routers are to announce."""
        return Route(self.cidr, self.asn, self.desired.prepend, self.behind)

    def require_unlocked(self) -> None:
        """Refuse changes by its owner while the operator has locked it.

        Raises:
            LockedByOperator: it is.
        """
        if self.locked:
            raise LockedByOperator(self.cidr)

    def lock(self, now: datetime, *, locked: bool) -> "BgpPrefix":
        """Take it out of its owner's hands, or give it back; what is desired stays as it is."""
        return replace(self, locked=locked, modified_at=now)

    def announced(
        self, binding: ServiceBinding, *, prepend: int, request_id: str, now: datetime
    ) -> "BgpPrefix":
        """Desired on the Internet; the caller has asked `may_announce`."""
        desired = Desired(
            advertised=True,
            prepend=prepend,
            change=self.desired.change + 1,
            at=now,
            request_id=request_id,
            binding_id=binding.id,
        )
        return replace(self, desired=desired, modified_at=now)

    def withdrawn(self, withdrawal_id: UUID, *, request_id: str, now: datetime) -> "BgpPrefix":
        """No longer desired; the breaker has counted it."""
        desired = replace(
            self.desired,
            advertised=False,
            change=self.desired.change + 1,
            at=now,
            request_id=request_id,
            binding_id=None,
            withdrawal_id=withdrawal_id,
        )
        return replace(self, desired=desired, modified_at=now)

    def prepended(self, prepend: int, *, request_id: str, now: datetime) -> "BgpPrefix":
        """Desired with another path length; routers learn of it while it is advertised."""
        change = self.desired.change + (1 if self.desired.advertised else 0)
        desired = replace(self.desired, prepend=prepend, change=change, request_id=request_id)
        return replace(self, desired=desired, modified_at=now)


def withheld(
    claim: Claim, cidr: Prefix, bgp_prefix_id: UUID, *, request_id: str, now: datetime
) -> BgpPrefix:
    """A new route within a claim, withdrawn."""
    return BgpPrefix(
        id=bgp_prefix_id,
        claim_id=claim.id,
        account_id=claim.account_id,
        prefix=claim.prefix,
        cidr=cidr,
        asn=claim.asn,
        created_at=now,
        modified_at=now,
        desired=Desired(request_id=request_id),
    )


def may_add(
    cidr: Prefix,
    claim: Claim,
    bindings: Iterable[ServiceBinding],
    existing: Iterable[BgpPrefix],
) -> None:
    """Refuse a route that the prefix cannot have. Its validity is checked when it is announced.

    Raises:
        PrefixNotApproved, PrefixSuspended, IllegalTransition, PrefixFrozen: of the prefix.
        IncompleteBgpDeployment: no service is bound to the whole prefix.
        BgpPrefixOutsidePrefix, BgpPrefixTooSpecific, BgpPrefixExists: of the route.
        TooManyBgpPrefixes: the prefix has as many as it may have.
    """
    _require_open(claim, "adding a BGP prefix")
    if not any(one.is_default for one in bindings):
        raise IncompleteBgpDeployment
    there = [one.cidr for one in existing]
    if not claim.prefix.covers(cidr):
        raise BgpPrefixOutsidePrefix(cidr, claim.prefix)
    if cidr.length > LONGEST_ROUTED[cidr.family]:
        raise BgpPrefixTooSpecific(cidr)
    if cidr in there:
        raise BgpPrefixExists(cidr)
    if len(there) >= BGP_PREFIXES_PER_PREFIX:
        raise TooManyBgpPrefixes


def _require_open(claim: Claim, action: str) -> None:
    if not claim.approved:
        raise PrefixNotApproved
    claim.require_not_suspended()
    if claim.standing is Standing.OFFBOARDING:
        raise IllegalTransition(claim.standing, action, "Restore it first: POST .../restore.")
    claim.require_may(Act.ADD_ROUTE)


def prepends(count: int) -> int:
    """How often the origin is repeated, 0 to 3; parsed at the border."""
    if not 0 <= count <= MOST_PREPENDS:
        raise ValueError(f"{count} is not a number from 0 to {MOST_PREPENDS}")
    return count
