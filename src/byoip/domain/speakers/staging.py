"""How a change travels: one stage of speakers, seen there, then the next.

A question has three ends here, too. "Could not ask" is not "not seen": it holds a change where it
is. Only "absent", said for long enough by somebody who could be asked, takes an announcement back.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute

# A speaker that has just failed to answer may have done what it was told; only one that stays
# away counts as gone.
GONE_AFTER = timedelta(seconds=3)


class Visibility(StrEnum):
    """What was found of a change at a stage."""

    SEEN = "seen"  # as it is wanted: there, or gone
    ABSENT = "absent"  # everybody who could be asked says: not as it is wanted
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class StagedSpeaker:
    """A speaker, as far as stages are concerned.

    Attributes:
        families: those that it has a next hop for.
        down_since: since when it has not answered; None while it does.
    """

    name: str
    stage: int
    families: frozenset[int] = frozenset({4, 6})
    down_since: datetime | None = None

    def gone(self, now: datetime) -> bool:
        """Whether the stage goes on without it."""
        return self.down_since is not None and now - self.down_since >= GONE_AFTER


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far a change has come.

    Attributes:
        stage: the one where it is; None: it was seen at every stage that could be asked.
        open_now: whether that stage's speakers may have it, but were not told so yet.
        posts: its speakers that count.
        ready: whether all of them have confirmed it, so that it can be looked for.
        skipped: stages before it, or all, without a live speaker.
        nowhere: no stage has a live speaker: nothing can be said.
        unfit: no speaker has a next hop for the family.
    """

    stage: int | None
    open_now: bool = False
    posts: tuple[StagedSpeaker, ...] = ()
    ready: bool = False
    skipped: tuple[int, ...] = ()
    nowhere: bool = False
    unfit: bool = False

    @property
    def settled(self) -> bool:
        """Whether every stage that has a live speaker has seen it."""
        return self.stage is None and not self.nowhere


def stage_progress(
    desired: DesiredRoute,
    marks: Mapping[str, AppliedRoute],
    posts: Sequence[StagedSpeaker],
    seen: Collection[int],
    opened: int | None,
    now: datetime,
) -> StageProgress:
    """Where a change that is not settled has come to.

    Args:
        desired: the row.
        marks: of the row, by speaker.
        posts: all speakers.
        seen: the stages where this change was seen already.
        opened: the last stage that was told of it; None: none was.
        now: to tell who has been away for too long.
    """
    skipped: list[int] = []
    fit = [one for one in posts if desired.prefix.family in one.families]
    for stage in sorted({one.stage for one in fit}):
        live = tuple(one for one in fit if one.stage == stage and not one.gone(now))
        if not live:
            skipped.append(stage)
            continue
        if stage in seen:
            continue
        ready = all(
            marks.get(one.name, AppliedRoute()).confirms(desired) or _never_had(desired, marks, one)
            for one in live
        )
        return StageProgress(stage, opened is None or opened < stage, live, ready, tuple(skipped))
    nowhere = not any(one.stage in seen for one in fit)
    return StageProgress(None, skipped=tuple(skipped), nowhere=nowhere, unfit=not fit)


def _never_had(
    desired: DesiredRoute, marks: Mapping[str, AppliedRoute], post: StagedSpeaker
) -> bool:
    return not desired.advertised and not marks.get(post.name, AppliedRoute()).given


def announcement_visibility(heard: Visibility, own: Visibility, *, first: bool) -> Visibility:
    """Put together what listeners and the stage's own speakers say of an announcement.

    Listeners do not tell stages apart: beyond the first, they see what the first announced.
    """
    if heard is Visibility.UNANSWERED:
        return own
    if heard is Visibility.ABSENT:
        # Without a session there was no way to hear it: that is nobody's "absent".
        return Visibility.UNANSWERED if own is Visibility.UNANSWERED else Visibility.ABSENT
    if own is Visibility.ABSENT:
        return Visibility.ABSENT
    return Visibility.SEEN if first else own


def withdrawal_visibility(heard: Visibility, own: Visibility, *, last: bool) -> Visibility:
    """The same of a withdrawal: until the last stage listeners still see the others' routes."""
    if not last or heard is Visibility.UNANSWERED or own is not Visibility.SEEN:
        return own
    return heard


class StageAction(StrEnum):
    """What becomes of a change that was looked for."""

    ON = "on"  # to the next stage
    HOLD = "hold"  # nobody moves; shown
    WATCH = "watch"  # absent, but not for long enough
    ROLL_BACK = "roll_back"
    ALARM = "alarm"  # absent, and not ours to take back: shown, and tried again


def seen_nowhere(heard: Visibility, *, before: bool, listened: bool, asked_all: bool) -> bool:
    """Whether an absent announcement is seen by nobody, as far as anybody can tell.

    Args:
        heard: what listeners say.
        before: whether it was seen at an earlier stage: that one announces it still.
        listened: whether there are listeners, also such as do not answer: they may well see it.
        asked_all: whether no stage was skipped: its speakers may announce it still.
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
    nobody: bool,
) -> StageAction:
    """What follows from an answer.

    Args:
        desired: the row.
        answer: of the stage where it is.
        absent_for: since when the answer has been "absent", and nothing else in between.
        deadline: for how long that is borne.
        nobody: whether nobody at all sees it: what somebody sees is never taken back.
    """
    if answer is Visibility.SEEN:
        return StageAction.ON
    if answer is Visibility.UNANSWERED:
        return StageAction.HOLD
    if absent_for < deadline:
        return StageAction.WATCH
    # A withdrawal is never rolled back; a changed prepend left the route where it was before.
    return (
        StageAction.ROLL_BACK
        if desired.advertised and desired.turned and nobody
        else StageAction.ALARM
    )
