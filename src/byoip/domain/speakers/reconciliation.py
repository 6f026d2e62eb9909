"""What to tell one speaker, decided from what owners want, what it was told, and what it holds.

Nothing is withdrawn by absence. A path is withdrawn only for a row that says withdrawn, names its
entry in the ledger of withdrawals, and that this speaker may have from us. Any other path that the
speaker holds and no row wants is an orphan: operators decide about orphans.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, PathAttributes, Route

EVERY_ROUTE: Final = UUID(int=0)
"""In a notice instead of a BGP prefix: compare all that speakers hold with all rows."""

_SLICE: Final = 1000
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DesiredRoute:
    """What a row says of a route.

    Attributes:
        change: the number of the last change; a speaker confirms this number.
        settled: the last change that was seen at every stage.
        at: when the row last changed between advertised and withdrawn; None: never.
        withdrawal_id: its entry in the ledger of withdrawals; None while advertised, or never so.
        request_id: of the request for the last change.
        turned: whether the last change turned it from withdrawn to advertised.
        superseded: withdrawn, while another row wants the same route announced.
        unreleased: of an older database: not announced where it is not up, before it is released.
        account_id: of the owner; None where that was not looked up.
    """

    bgp_prefix_id: UUID
    claim_id: UUID
    route: Route
    advertised: bool
    change: int
    settled: int = 0
    at: datetime | None = None
    withdrawal_id: UUID | None = None
    request_id: str = ""
    turned: bool = False
    superseded: bool = False
    unreleased: bool = False
    account_id: UUID | None = None

    @property
    def prefix(self) -> Prefix:
        """Which route it is about."""
        return self.route.prefix

    @property
    def is_settled(self) -> bool:
        """Whether its last change was seen at every stage."""
        return self.settled >= self.change

    @property
    def withdrawal_requested(self) -> bool:
        """Whether its withdrawal was requested, and the request is on record."""
        return not self.advertised and self.withdrawal_id is not None and bool(self.request_id)


@dataclass(frozen=True, slots=True)
class AppliedRoute:
    """What one speaker was told of a row, and what it confirmed.

    Attributes:
        possibly_installed: the speaker was asked to announce the route, and has not confirmed
            since, at every stage, that the route is gone.
        advertised: as the speaker last confirmed.
        change: the number of the change that the speaker confirmed.
    """

    possibly_installed: bool = False
    advertised: bool = False
    change: int = 0

    @property
    def may_be_ours(self) -> bool:
        """Whether a path that the speaker holds for the route may come from us."""
        return self.possibly_installed or self.advertised

    def confirms(self, desired: DesiredRoute) -> bool:
        """Whether the speaker has carried out just this change."""
        return self.change == desired.change and self.advertised == desired.advertised


@dataclass(frozen=True, slots=True)
class RouteState:
    """A row, and what one speaker was told of it."""

    desired: DesiredRoute
    applied: AppliedRoute = AppliedRoute()


@dataclass(frozen=True, slots=True)
class PathUpdate:
    """One path to announce or to withdraw, and the rows that this is done for."""

    path: Path
    desired_routes: tuple[DesiredRoute, ...]


def desired_routes(updates: Iterable[PathUpdate]) -> list[DesiredRoute]:
    """The rows that these are for."""
    return [desired for update in updates for desired in update.desired_routes]


@dataclass(slots=True)
class Plan:
    """What to tell one speaker, and what to record.

    Attributes:
        announce: missing, or held with other attributes; the new path replaces the old.
        withdraw: requested by a row, and held from us.
        confirmed: held as wanted; not recorded as applied yet.
        gone: withdrawn, and not held any more (or held for another row); not recorded yet.
        orphans: held, and neither wanted nor ours to withdraw.
        decided: the orphans that an operator decided to withdraw.
        unfit: advertised, but the speaker has no next hop for the family.
        withheld: held with other attributes, and to be left so.
    """

    announce: list[PathUpdate] = field(default_factory=list)
    withdraw: list[PathUpdate] = field(default_factory=list)
    confirmed: list[DesiredRoute] = field(default_factory=list)
    gone: list[DesiredRoute] = field(default_factory=list)
    orphans: dict[Prefix, Path] = field(default_factory=dict)
    decided: list[Path] = field(default_factory=list)
    unfit: list[DesiredRoute] = field(default_factory=list)
    withheld: list[DesiredRoute] = field(default_factory=list)


Admits = Callable[[DesiredRoute], bool]


def plan(
    states: Iterable[RouteState],
    attributes: PathAttributes,
    admits: Admits,
    held: Mapping[Prefix, Path] | None = None,
    decided: Collection[Prefix] = (),
    *,
    keeps: bool = False,
) -> Plan:
    """What to tell one speaker.

    Args:
        states: every row that is advertised, and every row that the speaker may hold a path for;
            or, without `held`, all such rows of some routes.
        attributes: of every path that the speaker announces.
        admits: whether the speaker's stage may have a row's last change already.
        held: every path that the speaker originates; None: it was not asked, and what is recorded
            as applied is believed.
        decided: orphans that an operator decided to withdraw.
        keeps: leave what is held with other attributes as it is, where owners changed nothing.
    """
    made = Plan()
    for _ in planning(made, states, attributes, admits, held, decided, keeps=keeps):
        pass
    return made


def planning(
    made: Plan,
    states: Iterable[RouteState],
    attributes: PathAttributes,
    admits: Admits,
    held: Mapping[Prefix, Path] | None = None,
    decided: Collection[Prefix] = (),
    *,
    keeps: bool = False,
) -> Iterator[None]:
    """Make the same, and yield after each thousand routes: others may need the time."""
    routes: defaultdict[Prefix, list[RouteState]] = defaultdict(list)
    for one in states:
        routes[one.desired.prefix].append(one)
    for number, (prefix, rows) in enumerate(routes.items()):
        if number % _SLICE == 0:
            yield
        current, asked = (held or {}).get(prefix), held is not None
        if wanted := _newest(one for one in rows if one.desired.advertised):
            _plan_announcement(
                made, wanted, rows, attributes, admits, current, asked=asked, keeps=keeps
            )
        else:
            _plan_withdrawal(made, rows, attributes, admits, current, asked=asked)
    for prefix, path in (held or {}).items():
        if prefix not in routes:
            made.orphans[prefix] = path
    made.decided = [path for prefix, path in made.orphans.items() if prefix in decided]


def _newest(rows: Iterable[RouteState]) -> RouteState | None:
    return max(
        rows, key=lambda one: (one.desired.at or _NEVER, one.desired.bgp_prefix_id), default=None
    )


def _plan_announcement(
    made: Plan,
    wanted: RouteState,
    rows: Sequence[RouteState],
    attributes: PathAttributes,
    admits: Admits,
    current: Path | None,
    *,
    asked: bool,
    keeps: bool,
) -> None:
    desired, applied = wanted.desired, wanted.applied
    path = attributes.path(desired.route)
    if path is None:
        made.unfit.append(desired)  # what the speaker holds stays: a setting withdraws nothing
        return
    there = current == path if asked else applied.confirms(desired)
    if keeps and desired.is_settled and current is not None and not there:
        made.withheld.append(desired)
        there = True  # it is up, and ours
    # A route that the speaker had and lost comes back at once, without waiting for the stages.
    lost = asked and current is None and applied.advertised
    if there:
        if not applied.confirms(desired) or not applied.possibly_installed:
            made.confirmed.append(desired)
        # Another row's withdrawal is done: the path stands for this row now.
        made.gone.extend(
            one.desired for one in rows if not one.desired.advertised and one.applied.may_be_ours
        )
    elif desired.unreleased and current is None and not lost:
        return
    elif admits(desired) or lost:
        made.announce.append(PathUpdate(path, (desired,)))


def _plan_withdrawal(
    made: Plan,
    rows: Sequence[RouteState],
    attributes: PathAttributes,
    admits: Admits,
    current: Path | None,
    *,
    asked: bool,
) -> None:
    ours = [one for one in rows if one.desired.withdrawal_requested and one.applied.may_be_ours]
    newest = _newest(ours)
    if newest is None:
        if current is not None:
            made.orphans[current.prefix] = current
        return
    if not admits(newest.desired):
        return  # the route stays up until the stages before have withdrawn it
    desired_routes = tuple(one.desired for one in ours)
    confirmed = all(one.applied.confirms(one.desired) for one in ours)
    if asked and current is None:
        made.gone.extend(one.desired for one in ours if _to_record(one))
    # It may have been told it in another AS than the one that it is in now.
    elif (path := current or attributes.path(replace(newest.desired.route, behind=None))) and (
        asked or not confirmed
    ):
        made.withdraw.append(PathUpdate(path, desired_routes))


def _to_record(one: RouteState) -> bool:
    settled = one.applied.possibly_installed and one.desired.is_settled
    return not one.applied.confirms(one.desired) or settled
