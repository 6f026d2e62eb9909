"""What one speaker is to be told: from what owners want, what it was given, and what it holds.

Nothing is withdrawn by absence. A path goes only for a row that says withdrawn, names the ledger's
entry, and that we gave this speaker; whatever else it holds and nobody wants is an orphan, and
people decide about orphans.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Path, PathAttributes, Route

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DesiredRoute:
    """What a row says of a route.

    Attributes:
        change: the number of the last change; a speaker confirms this number.
        settled: the last change that was seen at every stage.
        at: when it last changed between advertised and withdrawn; None: never.
        withdrawal_id: the ledger's entry; None while advertised, or never so.
        request_id: of whoever asked for the last change.
        turned: whether the last change turned it from withdrawn to advertised.
        superseded: withdrawn, while another row wants the same route announced.
        account_id: of its owner; None where that was not looked up.
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
    def asked_to_go(self) -> bool:
        """Whether somebody asked for its withdrawal, and is named."""
        return not self.advertised and self.withdrawal_id is not None and bool(self.request_id)


@dataclass(frozen=True, slots=True)
class AppliedRoute:
    """What we know to have given one speaker of a row.

    Attributes:
        may_hold: it was asked to announce it, and has not been seen without it since.
        advertised: as it last confirmed.
        change: the number that it confirmed.
    """

    may_hold: bool = False
    advertised: bool = False
    change: int = 0

    @property
    def given(self) -> bool:
        """Whether the speaker may have it from us."""
        return self.may_hold or self.advertised

    def confirms(self, desired: DesiredRoute) -> bool:
        """Whether the speaker has carried out just this change."""
        return self.change == desired.change and self.advertised == desired.advertised


@dataclass(frozen=True, slots=True)
class RouteState:
    """A row, and what one speaker has of it."""

    desired: DesiredRoute
    mark: AppliedRoute = AppliedRoute()


@dataclass(frozen=True, slots=True)
class PathUpdate:
    """One path to announce or to withdraw, and the rows that this is done for."""

    path: Path
    desired_routes: tuple[DesiredRoute, ...]


@dataclass(slots=True)
class Plan:
    """What to do at one speaker, and what to write down.

    Attributes:
        announce: missing, or held with other attributes; the new path replaces the old.
        withdraw: asked for by a row, and given by us.
        confirmed: held as wanted; the mark does not say so yet.
        gone: withdrawn, and not held any more (or held for another row).
        orphans: held, and neither wanted nor ours to withdraw.
        decided: those of them that an operator decided to withdraw.
        unfit: advertised, but the speaker has no next hop for the family.
    """

    announce: list[PathUpdate] = field(default_factory=list)
    withdraw: list[PathUpdate] = field(default_factory=list)
    confirmed: list[DesiredRoute] = field(default_factory=list)
    gone: list[DesiredRoute] = field(default_factory=list)
    orphans: dict[Prefix, Path] = field(default_factory=dict)
    decided: list[Path] = field(default_factory=list)
    unfit: list[DesiredRoute] = field(default_factory=list)


Admits = Callable[[DesiredRoute], bool]


def plan(
    known: Iterable[RouteState],
    marking: PathAttributes,
    admits: Admits,
    held: Mapping[Prefix, Path] | None = None,
    decided: Collection[Prefix] = (),
) -> Plan:
    """What to tell one speaker.

    Args:
        known: every row that is advertised, and every row that the speaker has a mark for; or,
            without `held`, all such rows of some routes.
        marking: how it marks what it announces.
        admits: whether the speaker's stage may have a row's last change already.
        held: all that it originates; None: not asked, its marks are believed.
        decided: orphans that an operator decided to withdraw.
    """
    made = Plan()
    routes: defaultdict[Prefix, list[RouteState]] = defaultdict(list)
    for one in known:
        routes[one.desired.prefix].append(one)
    for prefix, rows in routes.items():
        current = None if held is None else held.get(prefix)
        if wanted := _newest(one for one in rows if one.desired.advertised):
            _want(made, wanted, rows, marking, admits, current, asked=held is not None)
        else:
            _release(made, rows, marking, admits, current, asked=held is not None)
    for prefix, path in (held or {}).items():
        if prefix not in routes:
            made.orphans[prefix] = path
    made.decided = [path for prefix, path in made.orphans.items() if prefix in decided]
    return made


def _newest(rows: Iterable[RouteState]) -> RouteState | None:
    return max(
        rows, key=lambda one: (one.desired.at or _NEVER, one.desired.bgp_prefix_id), default=None
    )


def _want(
    made: Plan,
    wanted: RouteState,
    rows: Sequence[RouteState],
    marking: PathAttributes,
    admits: Admits,
    current: Path | None,
    *,
    asked: bool,
) -> None:
    desired, mark = wanted.desired, wanted.mark
    path = marking.path(desired.route)
    if path is None:
        made.unfit.append(desired)  # what it may hold stays: a setting withdraws nothing
        return
    there = current == path if asked else mark.confirms(desired)
    # It had the route before: that it lost it must not wait for the stages.
    lost = asked and current is None and mark.advertised
    if there:
        if not mark.confirms(desired) or not mark.may_hold:
            made.confirmed.append(desired)
        # Another row's withdrawal is done: the path stands for this row now.
        made.gone.extend(
            one.desired for one in rows if not one.desired.advertised and one.mark.given
        )
    elif admits(desired) or lost:
        made.announce.append(PathUpdate(path, (desired,)))


def _release(
    made: Plan,
    rows: Sequence[RouteState],
    marking: PathAttributes,
    admits: Admits,
    current: Path | None,
    *,
    asked: bool,
) -> None:
    ours = [one for one in rows if one.desired.asked_to_go and one.mark.given]
    newest = _newest(ours)
    if newest is None:
        if current is not None:
            made.orphans[current.prefix] = current
        return
    if not admits(newest.desired):
        return  # it stays up until its stage has its turn
    desired_routes = tuple(one.desired for one in ours)
    told = all(one.mark.confirms(one.desired) for one in ours)
    if asked and current is None:
        made.gone.extend(one.desired for one in ours if _to_note(one))
    elif (path := current or marking.path(newest.desired.route)) and (asked or not told):
        made.withdraw.append(PathUpdate(path, desired_routes))


def _to_note(one: RouteState) -> bool:
    return not one.mark.confirms(one.desired) or (one.mark.may_hold and one.desired.is_settled)
