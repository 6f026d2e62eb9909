"""What stands between a route and its announcement: one rule for all who ask.

A prefix's `advertisable` and `blockers` and the refusal of its announcement come from here, so none
of them can say what another denies.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from byoip.domain.asn import Asn, OriginNotOffered
from byoip.domain.asns.aspa import AspaExcludesOperator, AspaUnanswered, pair_refusal
from byoip.domain.asns.disputed import AsnDisputed
from byoip.domain.bindings.service_binding import PrefixNotApproved, Provisioning
from byoip.domain.checks.evidence import Failed, Outcome, Reason
from byoip.domain.claims.claim import Claim, PrefixOffboarding, PrefixSuspended
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.domain.routes.bgp_prefix import (
    AdvertiseStateLocked,
    Contested,
    IncompleteBgpDeployment,
    LockedByOperator,
)
from byoip.domain.routes.flaps import NO_FLAPS, AnnouncedTooOften, Flaps
from byoip.domain.routes.prepending import PrependWouldRemove
from byoip.domain.routes.route_validity import OriginNotValid, OriginUnanswered, origin_refusal
from byoip.domain.watch.effects import Act, Stage, stops
from byoip.domain.watch.freezing import PrefixFrozen, may_return
from byoip.domain.watch.levels import Signal

# What `Announceable.obstacles` may give: a blocker of a prefix has the name of one of these, or
# one of the names that say what an approval lacks.
OBSTACLES: Final[tuple[type[Refusal], ...]] = (
    PrefixNotApproved,
    OriginNotValid,
    OriginUnanswered,
    IncompleteBgpDeployment,
    AdvertiseStateLocked,
    AnnouncedTooOften,
    PrependWouldRemove,
    OriginNotOffered,
    AsnDisputed,
    AspaExcludesOperator,
    AspaUnanswered,
    PrefixFrozen,
    Contested,
    LockedByOperator,
    PrefixSuspended,
    PrefixOffboarding,
)


@dataclass(frozen=True, slots=True)
class Announceable:
    """All that decides whether a withdrawn route may be announced at a moment.

    Attributes:
        claim: of the prefix that the route is a part of.
        cidr: the route's.
        default_binding: active once every edge in service has it; None: there is none.
        origin: what origin validation says of exactly this route.
        last_valid_at: when it last said yes to announcing it.
        locked: by the operator.
        still_served: another prefix's row for the same route is desired, held or seen.
        lacking: edges in service that have not acknowledged the default binding, by name.
        flaps: how often it was withdrawn lately.
        asn: the route's origin; None: the one that its claim has proven.
        offered: the ASNs that the operator announces from now; None: any.
        own_asn: whether its account has proven the origin as its own; where that is not the
            operator's.
        disputed: another account has proven that number, too; see `AsnDisputed`.
        pair: whether ASPAs let the operator stand before that origin; None: it is the operator's.
        prepend_lost: its path repeats the origin, and a neighbour of a speaker would drop it.
        last_up: until when it was to be announced; None: it never was.
        on_word: an operator has it announced, which no freeze, dispute or contest keeps where the
            claim is approved; all else does. So a challenger's route is never announced on a word.
    """

    claim: Claim
    cidr: Prefix
    default_binding: Provisioning | None
    origin: Outcome
    last_valid_at: datetime | None = None
    locked: bool = False
    still_served: bool = False
    lacking: Sequence[str] = ()
    flaps: Flaps = NO_FLAPS
    asn: Asn | None = None
    offered: Collection[Asn] | None = None
    own_asn: bool = False
    disputed: bool = False
    pair: Outcome | None = None
    prepend_lost: bool = False
    last_up: datetime | None = None
    on_word: bool = False

    def obstacles(self, now: datetime) -> Iterator[Refusal]:
        """All of them, in the order to deal with them; none: it may be announced.

        Origin validation is about proven space: before that, the rpki check says what is missing.
        """
        if self.locked:
            yield LockedByOperator(self.cidr)
        yield from self._standing()
        yield from self._origin()
        if self.disputed and not (self.on_word or may_return((), self.last_up, now)):
            yield AsnDisputed(self.asn or self.claim.asn)
        returns = self.on_word or may_return(self.claim.frozen_for, self.last_up, now)
        if stops(Stage.FREEZE, Act.ANNOUNCE, self.claim.frozen_for) and not returns:
            yield PrefixFrozen(self.claim.frozen_for)
        if not self.claim.approved:
            yield PrefixNotApproved()
        elif not (returns and self._lost_its_roa()):
            refusal = origin_refusal(self.origin, self.last_valid_at, now)
            yield from [refusal] if refusal else []
        if self.default_binding is None:
            yield IncompleteBgpDeployment()
        elif self.default_binding is not Provisioning.ACTIVE or self.lacking:
            yield AdvertiseStateLocked(self.lacking)
        if self.prepend_lost:
            yield PrependWouldRemove(self.asn or self.claim.asn)
        if wait := self.flaps.wait:
            yield AnnouncedTooOften(self.flaps.count, wait)

    def _standing(self) -> Iterator[Refusal]:
        match self.claim.standing:
            case Standing.SUSPENDED:
                yield PrefixSuspended()
            case Standing.OFFBOARDING:
                yield PrefixOffboarding()
            case Standing.CONTESTED if not (self.on_word and self.claim.approved):
                yield Contested()
            case Standing.OK | Standing.CONTESTED if self.still_served:
                yield Contested(still_served=True)

    def _lost_its_roa(self) -> bool:
        """Whether no more is wrong than that for which it is frozen; *invalid* is never excused."""
        missing = isinstance(self.origin, Failed) and self.origin.reason is Reason.ROA_MISSING
        return missing and Signal.ROA in self.claim.frozen_for

    def _origin(self) -> Iterator[Refusal]:
        """The settings may have changed since it was proven."""
        proven = self.claim.asn
        origin, offered = self.asn or proven, self.offered
        own = origin == proven and self.own_asn and self.pair is not None
        if origin != proven or (offered is not None and origin not in offered and not own):
            yield OriginNotOffered(origin, {proven} if offered is None else offered, pointer=None)
        elif self.pair is not None and (refusal := pair_refusal(self.pair)):
            yield refusal

    def require(self, now: datetime) -> None:
        """Refuse to announce it, for the first of its obstacles.

        Raises:
            LockedByOperator, PrefixSuspended, PrefixOffboarding, Contested, OriginNotOffered,
            AsnDisputed, PrefixFrozen, PrefixNotApproved, OriginNotValid, OriginUnanswered,
            IncompleteBgpDeployment, AdvertiseStateLocked, PrependWouldRemove, AnnouncedTooOften,
            AspaExcludesOperator, AspaUnanswered.
        """
        for refusal in self.obstacles(now):
            raise refusal
