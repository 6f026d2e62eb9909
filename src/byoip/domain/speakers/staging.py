"""Theory of operation: how a change travels from stage to stage.

The settings put speakers into stages. A change that an owner makes (announce, withdraw, prepend) is
told to one stage, looked for there, and told to the next stage only once it was seen:

    change ─▶ stage 1 ──confirmed──▶ look ──SEEN──▶ stage 2 ─▶ ... ──SEEN at all──▶ settled
                                     ▲  │
                         look again  │  ├─ UNANSWERED: HOLD it where it is
                                     └──┼─ ABSENT for a while: WATCH
                                        ├─ ABSENT for long: ALARM
                                        └─ ABSENT for long, a new announcement that no observer
                                           sees: ROLL_BACK (the route is withdrawn again)

"Unanswered" is not "absent": a question without an answer never takes a route back. A stage
without a live speaker is skipped, and so is one that is drained. `stage_progress` says where a
change is, and `next_action` what follows from a look. All here is pure:
`usecases/speakers/stage_changes.py` asks, records and acts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from byoip.domain.asn import Asn
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute

# A speaker that has just failed to answer may have done what it was told; only one that stays
# away for this long counts as gone.
GONE_AFTER = timedelta(seconds=3)
_NOTHING: Final = AppliedRoute()


class Visibility(StrEnum):
    """What was found of a change at a stage."""

    SEEN = "seen"  # the route is as its owner wants it: there, or gone
    ABSENT = "absent"  # all observers that answered say that it is not
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class StagedSpeaker:
    """A speaker, as far as stages are concerned.

    Attributes:
        families: the address families that it has a next hop for.
        down_since: since when it has not answered; None while it answers.
        gone_after: how long it must stay away to count as gone.
        drained: all its sessions are kept down: it is told changes, and they are seen nowhere.
        local_as: the AS that it is in; None: not known yet.
        cut_off: neighbours that a drain keeps down, or has kept, and that are not up again: what
            listeners hear of it they may hear by one of these.
    """

    name: str
    stage: int
    families: frozenset[int] = frozenset({4, 6})
    down_since: datetime | None = None
    gone_after: timedelta = GONE_AFTER
    drained: bool = False
    cut_off: frozenset[str] = frozenset()
    local_as: Asn | None = None

    def announces(self, family: int, behind: Asn | None) -> bool:
        """Whether it announces routes of a family that stand behind this AS; None: any."""
        there = behind is None or self.local_as in {None, behind}
        return there and family in self.families

    def gone(self, now: datetime) -> bool:
        """Whether the stage goes on without this speaker."""
        away = self.down_since is not None and now - self.down_since >= self.gone_after
        return away or self.drained


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far a change has come.

    Attributes:
        stage: where the change is; None: it was seen at every stage that could be asked.
        open_now: whether that stage's speakers may have the change, but were not told so yet.
        speakers: the live ones of that stage.
        ready: whether all of them have confirmed the change, so that it can be looked for.
        skipped: stages before it, or all, without a live speaker.
        nowhere: it was seen at no stage, and no stage has a live speaker: nothing can be said.
        unfit: why no speaker announces such routes at all; empty: one does.
    """

    stage: int | None
    open_now: bool = False
    speakers: tuple[StagedSpeaker, ...] = ()
    ready: bool = False
    skipped: tuple[int, ...] = ()
    nowhere: bool = False
    unfit: str = ""

    @property
    def settled(self) -> bool:
        """Whether every stage that has a live speaker has seen it."""
        return self.stage is None and not self.nowhere

    def of(
        self, desired: DesiredRoute, applied: Mapping[str, AppliedRoute], opened: int | None
    ) -> "StageProgress":
        """How far one change is there."""
        if self.stage is None:
            return self
        ready = all(_done(desired, applied.get(one.name, _NOTHING)) for one in self.speakers)
        open_now = opened is None or opened < self.stage
        return StageProgress(self.stage, open_now, self.speakers, ready, self.skipped)


def stage_progress(
    desired: DesiredRoute,
    applied: Mapping[str, AppliedRoute],
    speakers: Sequence[StagedSpeaker],
    seen: Collection[int],
    opened: int | None,
    now: datetime,
) -> StageProgress:
    """Where a change that is not settled has come to.

    Args:
        desired: the row.
        applied: what each speaker was told of the row, by the speaker's name.
        speakers: all of them.
        seen: the stages where this change was seen already.
        opened: the last stage that may have the change; None: no stage was told so.
        now: to tell which speakers have been away for too long.
    """
    return place(desired, speakers, seen, now).of(desired, applied, opened)


def place(
    desired: DesiredRoute, speakers: Sequence[StagedSpeaker], seen: Collection[int], now: datetime
) -> StageProgress:
    """Where changes like this one are that were seen at these stages; not yet how far there.

    All of one family, and behind one AS: `behind` says which of them are alike.
    """
    skipped: list[int] = []
    fit = [one for one in speakers if one.announces(desired.prefix.family, behind(desired))]
    for stage in sorted({one.stage for one in fit}):
        live = tuple(one for one in fit if one.stage == stage and not one.gone(now))
        if not live:
            skipped.append(stage)
        elif stage not in seen:
            return StageProgress(stage, speakers=live, skipped=tuple(skipped))
    nowhere = not any(one.stage in seen for one in fit)
    unfit = "" if fit else _unfit(desired, speakers)
    return StageProgress(None, skipped=tuple(skipped), nowhere=nowhere, unfit=unfit)


def _unfit(desired: DesiredRoute, speakers: Sequence[StagedSpeaker]) -> str:
    family, there = f"IPv{desired.prefix.family}", behind(desired)
    if there is None or not any(one.announces(desired.prefix.family, None) for one in speakers):
        return f"no speaker has a next hop for {family}"
    return (
        f"no speaker with a next hop for {family} is in AS {there.number}, behind which it stands"
    )


def behind(desired: DesiredRoute) -> Asn | None:
    """The AS that an announcement stands behind; a withdrawal is told wherever it may be."""
    return desired.route.behind if desired.advertised else None


def _done(desired: DesiredRoute, applied: AppliedRoute) -> bool:
    never_had = not desired.advertised and not applied.may_be_ours
    return applied.confirms(desired) or never_had


def announcement_visibility(
    heard: Visibility, own: Visibility, *, first: bool, cut_off: bool = False
) -> Visibility:
    """Put together what listeners and the stage's own speakers say of an announcement.

    Listeners do not tell stages apart: beyond the first, they see what the first announced. Where
    neighbours are cut off, one that does not see it may have heard it by one of these.
    """
    if heard is Visibility.UNANSWERED or (cut_off and heard is Visibility.ABSENT):
        return own
    if heard is Visibility.ABSENT:
        # Our speakers had no session, so no listener could hear it: that is no "absent".
        return Visibility.UNANSWERED if own is Visibility.UNANSWERED else Visibility.ABSENT
    if own is Visibility.ABSENT:
        return Visibility.ABSENT
    return Visibility.SEEN if first else own


def withdrawal_visibility(heard: Visibility, own: Visibility, *, last: bool) -> Visibility:
    """The same of a withdrawal: before the last stage, listeners see what other stages announce."""
    if not last or heard is Visibility.UNANSWERED or own is not Visibility.SEEN:
        return own
    return heard


class StageAction(StrEnum):
    """What becomes of a change that was looked for."""

    ON = "on"  # to the next stage
    HOLD = "hold"  # no answer: it stays where it is, and operators see that
    WATCH = "watch"  # absent, but not for long enough
    ROLL_BACK = "roll_back"
    ALARM = "alarm"  # absent, and not to be taken back: operators see that; looked for again


def seen_nowhere(heard: Visibility, *, before: bool, listened: bool, asked_all: bool) -> bool:
    """Whether no observer that could be asked sees an absent announcement.

    Args:
        heard: what listeners say.
        before: whether it was seen at an earlier stage: that stage still announces it.
        listened: whether listeners are configured: one that does not answer may see it.
        asked_all: whether no stage was skipped: the speakers of a skipped one may announce it.
    """
    if before or heard is Visibility.SEEN:
        return False
    return heard is Visibility.ABSENT or (not listened and asked_all)


def next_action(
    desired: DesiredRoute,
    answer: Visibility,
    absent_for: timedelta,
    deadline: timedelta,
    *,
    unseen: bool,
) -> StageAction:
    """What follows from a look.

    Args:
        desired: the row.
        answer: of the stage where the change is.
        absent_for: for how long every answer has been "absent".
        deadline: how long an announcement may be absent.
        unseen: whether no observer sees the route: what one sees is never taken back.
    """
    if answer is Visibility.SEEN:
        return StageAction.ON
    if answer is Visibility.UNANSWERED:
        return StageAction.HOLD
    if absent_for < deadline:
        return StageAction.WATCH
    # A withdrawal is never rolled back; a route whose prepend changed was there before.
    return (
        StageAction.ROLL_BACK
        if desired.advertised and desired.turned and unseen
        else StageAction.ALARM
    )


class Gates(Protocol):
    """Decides which stages may have which changes."""

    def admits(self, desired: DesiredRoute, stage: int) -> bool:
        """Whether speakers of this stage may have the row's last change."""

    def not_held(self, desired: DesiredRoute, speaker: str) -> None:
        """The speaker answered that it has the row's last change, and does not hold it."""
