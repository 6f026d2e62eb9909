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
from byoip.domain.routes.route import Marking, Path, Route

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wish:
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
class Mark:
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

    def confirms(self, wish: Wish) -> bool:
        """Whether the speaker has carried out just this change."""
        return self.change == wish.change and self.advertised == wish.advertised


@dataclass(frozen=True, slots=True)
class Known:
    """A row, and what one speaker has of it."""

    wish: Wish
    mark: Mark = Mark()


@dataclass(frozen=True, slots=True)
class Step:
    """One path to announce or to withdraw, and the rows that this is done for."""

    path: Path
    wishes: tuple[Wish, ...]


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

    announce: list[Step] = field(default_factory=list)
    withdraw: list[Step] = field(default_factory=list)
    confirmed: list[Wish] = field(default_factory=list)
    gone: list[Wish] = field(default_factory=list)
    orphans: dict[Prefix, Path] = field(default_factory=dict)
    decided: list[Path] = field(default_factory=list)
    unfit: list[Wish] = field(default_factory=list)


Admits = Callable[[Wish], bool]


def plan(
    known: Iterable[Known],
    marking: Marking,
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
    routes: defaultdict[Prefix, list[Known]] = defaultdict(list)
    for one in known:
        routes[one.wish.prefix].append(one)
    for prefix, rows in routes.items():
        current = None if held is None else held.get(prefix)
        if wanted := _newest(one for one in rows if one.wish.advertised):
            _want(made, wanted, rows, marking, admits, current, asked=held is not None)
        else:
            _release(made, rows, marking, admits, current, asked=held is not None)
    for prefix, path in (held or {}).items():
        if prefix not in routes:
            made.orphans[prefix] = path
    made.decided = [path for prefix, path in made.orphans.items() if prefix in decided]
    return made


def _newest(rows: Iterable[Known]) -> Known | None:
    return max(rows, key=lambda one: (one.wish.at or _NEVER, one.wish.bgp_prefix_id), default=None)


def _want(
    made: Plan,
    wanted: Known,
    rows: Sequence[Known],
    marking: Marking,
    admits: Admits,
    current: Path | None,
    *,
    asked: bool,
) -> None:
    wish, mark = wanted.wish, wanted.mark
    path = marking.path(wish.route)
    if path is None:
        made.unfit.append(wish)  # what it may hold stays: a setting withdraws nothing
        return
    there = current == path if asked else mark.confirms(wish)
    # It had the route before: that it lost it must not wait for the stages.
    lost = asked and current is None and mark.advertised
    if there:
        if not mark.confirms(wish) or not mark.may_hold:
            made.confirmed.append(wish)
        # Another row's withdrawal is done: the path stands for this row now.
        made.gone.extend(one.wish for one in rows if not one.wish.advertised and one.mark.given)
    elif admits(wish) or lost:
        made.announce.append(Step(path, (wish,)))


def _release(
    made: Plan,
    rows: Sequence[Known],
    marking: Marking,
    admits: Admits,
    current: Path | None,
    *,
    asked: bool,
) -> None:
    ours = [one for one in rows if one.wish.asked_to_go and one.mark.given]
    newest = _newest(ours)
    if newest is None:
        if current is not None:
            made.orphans[current.prefix] = current
        return
    if not admits(newest.wish):
        return  # it stays up until its stage has its turn
    wishes = tuple(one.wish for one in ours)
    told = all(one.mark.confirms(one.wish) for one in ours)
    if asked and current is None:
        made.gone.extend(one.wish for one in ours if _to_note(one))
    elif (path := current or marking.path(newest.wish.route)) and (asked or not told):
        made.withdraw.append(Step(path, wishes))


def _to_note(one: Known) -> bool:
    return not one.mark.confirms(one.wish) or (one.mark.may_hold and one.wish.is_settled)
