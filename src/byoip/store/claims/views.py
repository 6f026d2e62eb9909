"""What readers show of claims."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import NO_STANDING, OriginStanding, judge_pair
from byoip.domain.bindings.service_binding import Provisioning, ServiceBinding
from byoip.domain.checks.evidence import CheckState, Fault, Finding, Outcome, Unanswered
from byoip.domain.checks.origin_validation import TOO_MANY_COVER, Vrp, judge_roas
from byoip.domain.checks.validation_run import Trigger, ValidationRun
from byoip.domain.checks.vrp_snapshot import stale
from byoip.domain.claims.blockers import Advice, Blocker, blockers
from byoip.domain.claims.check_waiver import CheckWaiver, excused
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.claims.move import Move
from byoip.domain.claims.ownership_token import OwnershipToken
from byoip.domain.prefix import Prefix
from byoip.domain.routes.announceable import Announceable
from byoip.domain.routes.flaps import NO_FLAPS, Flaps
from byoip.domain.routes.leaving import Leaving
from byoip.store.routes.views import NEVER_APPLIED, Applied


@dataclass(frozen=True, slots=True)
class SpanningRoute:
    """What the wire's deprecated members show of the BGP prefix that spans a prefix.

    Attributes:
        at: when it was last announced or withdrawn; None: never.
        last_valid_at: when origin validation last said yes to announcing it.
        prepend_lost: its path repeats the origin, and a neighbour of a speaker would drop it.
        waits: it was announced by an older database, and is not up.
        applied: what speakers hold.
    """

    advertised: bool
    at: datetime | None
    locked: bool
    last_valid_at: datetime | None = None
    prepend_lost: bool = False
    waits: bool = False
    applied: Applied = NEVER_APPLIED
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CoveringRoas:
    """What the newest accepted snapshot of ROA data holds about a prefix.

    Attributes:
        covering: None: more than are read.
    """

    built_at: datetime
    covering: tuple[Vrp, ...] | None


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with what its wire form needs besides.

    Attributes:
        token: the newest token, whether usable or not; None only if all were revoked.
        default_binding: that of the live binding which spans the prefix, active once every edge
            in service has it; None: there is no such binding.
        route: the BGP prefix that spans it, if there is one.
        roas: None: no ROA data has been loaded yet.
        still_served: another prefix's row for the same route is desired, held or seen.
        rpki_waiver: the operator's, which may have expired.
        flaps: how often the route of the whole prefix was withdrawn lately.
        leaving: None: it is not on its way out.
        run: the validation run that is out or waits for its time.
        own: how its account stands to its origin, where that is not the operator's.
        still_bound: it has bindings of an approval that was revoked.
    """

    claim: Claim
    token: OwnershipToken | None
    default_binding: Provisioning | None
    route: SpanningRoute | None = None
    roas: CoveringRoas | None = None
    still_served: bool = False
    rpki_waiver: CheckWaiver | None = None
    flaps: Flaps = NO_FLAPS
    leaving: Leaving | None = None
    run: ValidationRun | None = None
    own: OriginStanding = NO_STANDING
    still_bound: bool = False

    @property
    def held(self) -> bool:
        """Whether a speaker holds the route of the whole prefix."""
        return self.route is not None and self.route.applied.advertised

    def shown(
        self, advice: Advice, now: datetime
    ) -> tuple[Mapping[str, CheckState], tuple[Blocker, ...]]:
        """The states of irr, rpki and ownership as they are shown, and what is missing.

        By the newest ROA data, judged once; of an expired token at once; and pending while a run
        that its customer asked for is out, in which an approved prefix keeps what it has.
        """
        asked = self._asked(advice, now)
        return self._states(asked.claim, now), self._missing(asked, advice, now)

    def _states(self, claim: Claim, now: datetime) -> Mapping[str, CheckState]:
        token = self.token
        shown = {one: getattr(claim, one).state for one in ("irr", "rpki", "ownership")}
        if claim.approved:
            return shown
        if self.run and self.run.trigger is Trigger.CUSTOMER:
            shown = dict.fromkeys(shown, CheckState.PENDING)
        if token and token.expired(now):
            shown["ownership"] = CheckState.EXPIRED
        return shown

    def missing(self, advice: Advice, now: datetime) -> tuple[Blocker, ...]:
        """What stands between the whole prefix and the Internet, as every front says it."""
        return self._missing(self._asked(advice, now), advice, now)

    def _asked(self, advice: Advice, now: datetime) -> Announceable:
        return self.announceable(
            now, advice.origins, advice.behind, without_aspa=advice.without_aspa
        )

    def _missing(self, asked: Announceable, advice: Advice, now: datetime) -> tuple[Blocker, ...]:
        return blockers(
            asked, self.token, advice=advice, now=now, leaving=self.leaving, run=self.run
        )

    def announceable(
        self,
        now: datetime,
        offered: Collection[Asn] | None = None,
        behind: Asn | None = None,
        *,
        without_aspa: bool = True,
    ) -> Announceable:
        """What decides whether the whole prefix may be announced now.

        Args:
            now: the time.
            offered: the ASNs that the operator announces from; None: any.
            behind: the one that stands before an origin of a customer's own; None: none does.
            without_aspa: whether such a one is announced where it has no ASPA.
        """
        asn, pair = self.claim.asn, None
        if offered is not None and asn not in offered and behind is not None:
            pair = judge_pair(asn, behind, self.own.aspa, now, without=without_aspa)
        route, said = self.route, self._origin(now)
        up = route is not None and route.advertised and not route.waits
        return Announceable(
            self.claim.by_newest_roas(said),
            self.claim.prefix,
            self.default_binding,
            said,
            last_valid_at=None if route is None else route.last_valid_at,
            locked=route is not None and route.locked,
            still_served=self.still_served,
            last_up=None if route is None else now if route.advertised else route.at,
            flaps=NO_FLAPS if up else self.flaps,
            offered=offered,
            own_asn=self.own.proven,
            disputed=self.own.disputed and offered is not None and asn not in offered,
            pair=pair,
            prepend_lost=route is not None and route.prepend_lost and not up,
        )

    def _origin(self, now: datetime) -> Outcome:
        if self.roas is None:
            return Unanswered(Fault.NO_DATA, "No ROA data has been loaded yet.")
        if stale(self.roas.built_at, now):
            since = f"{self.roas.built_at:%Y-%m-%dT%H:%M:%SZ}"
            return Unanswered(Fault.STALE, f"The newest ROA data was built at {since}.")
        if self.roas.covering is None:
            return Unanswered(Fault.TOO_LARGE, f"{TOO_MANY_COVER}.")
        said = judge_roas(self.claim.prefix, self.claim.asn, self.roas.covering, now=now)
        waiver = self.rpki_waiver
        return excused(said, waiver if waiver and waiver.expires_at > now else None)


@dataclass(frozen=True, slots=True)
class BindingView:
    """A binding with the version of its prefix, which counts for its bindings as well."""

    binding: ServiceBinding
    version: int


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """Which claims are wanted; None admits all.

    Attributes:
        prefix: exactly this one.
        around: all that share an address with it, a single address among them.
        waiting: only those that are not proven, frozen, or do not stand well: somebody has to act.
    """

    prefix: Prefix | None = None
    around: IPv4Network | IPv6Network | None = None
    approved: bool | None = None
    standing: Standing | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after this row, in the order of (created_at, id)."""

    created_at: datetime
    id: UUID


FROM_THE_FIRST: Final = Cursor(datetime.min.replace(tzinfo=UTC), UUID(int=0))
"""The page before any row."""


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """An event as kept."""

    number: int
    kind: str
    actor: str
    request_id: str
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """An event of any of an account's claims.

    Attributes:
        number: counts up within the account, without gaps, in the order of commits.
        event: as its claim's own history has it.
    """

    number: int
    claim_id: UUID
    event: NumberedEvent


@dataclass(frozen=True, slots=True)
class RunView:
    """A validation run with its findings; without their raw answers in a list."""

    run: ValidationRun
    findings: tuple[Finding, ...]


EVERY_CLAIM = ClaimFilter()


@dataclass(frozen=True, slots=True)
class GoesAlong:
    """How much goes along with a prefix that moves.

    Attributes:
        announced: how many of its routes are wanted on the Internet.
        letter: a letter of agency is written anew.
    """

    bindings: int
    routes: int
    announced: int
    delegations: int
    letter: bool


@dataclass(frozen=True, slots=True)
class MoveView:
    """An open offer of a prefix to another account, and which prefix, in which version."""

    move: Move
    cidr: str
    version: int
