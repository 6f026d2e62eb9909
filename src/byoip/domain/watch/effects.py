"""What each level stops: one table, which the code asks, and the docs draw.

A dispute stands beside the levels: its holder is frozen for `holder`. None of them withdraws,
unbinds or takes back anything.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from byoip.domain.watch.levels import LADDERS, MAY_RETURN, UP_LATELY, Level, Signal


class Stage(StrEnum):
    """The levels that an answer can come to, and a dispute."""

    NOTICE = Level.NOTICE.value
    WARN = Level.WARN.value
    FREEZE = Level.FREEZE.value
    DISPUTE = "dispute"


class Act(StrEnum):
    """What an owner, an operator or a worker does with an approved prefix."""

    ANNOUNCE = "announce"
    ANNOUNCE_AGAIN = "announce_again"
    ADD_ROUTE = "add_route"
    BIND = "bind"
    DELEGATE = "delegate"
    WRITE_LETTER = "write_letter"
    GIVE = "give"
    RENEW = "renew"
    LIFT = "lift"
    ANNOUNCE_ON_WORD = "announce_on_word"
    KEEP = "keep"


_WORDS: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.ANNOUNCE: f"announce a route that was not up within {UP_LATELY.days} days",
        Act.ANNOUNCE_AGAIN: f"announce one again that was up within {UP_LATELY.days} days",
        Act.ADD_ROUTE: "add a route",
        Act.BIND: "bind a range to a service",
        Act.DELEGATE: "delegate a range",
        Act.WRITE_LETTER: "write a letter of agency",
        Act.GIVE: "offer the prefix to another account, or accept it",
        Act.RENEW: "renew the proof without a token",
        Act.LIFT: "lift a freeze, or move the prefix, on the operator's word",
        Act.ANNOUNCE_ON_WORD: "announce a route on the operator's word",
        Act.KEEP: "withdraw, swap a service, change prepends, load a speaker that restarts",
    }
)
_NO: Final[frozenset[Signal]] = frozenset()
_ALL: Final = frozenset(Signal)
_NEW: Final = _NO, _NO, _ALL, _ALL
_LOST_TO_ANOTHER: Final = frozenset({Signal.HOLDER})
# Whose proof ends is to renew it; else all has to be as it was, from the first answer that says no.
_NOT_AS_BEFORE: Final = _ALL - {Signal.PROOF}

# Of each act, in the order of the stages, the signals for which it is stopped.
_STOPPED: Final[Mapping[Act, tuple[frozenset[Signal], ...]]] = MappingProxyType(
    {
        Act.ANNOUNCE: _NEW,
        Act.ANNOUNCE_AGAIN: (_NO, _NO, _ALL - MAY_RETURN, _ALL),
        Act.ADD_ROUTE: _NEW,
        Act.BIND: _NEW,
        Act.DELEGATE: _NEW,
        Act.WRITE_LETTER: _NEW,
        Act.GIVE: (_LOST_TO_ANOTHER, _LOST_TO_ANOTHER, _ALL, _ALL),
        Act.RENEW: (_NOT_AS_BEFORE, _NOT_AS_BEFORE, _ALL, _ALL),
        Act.LIFT: (_NO, _NO, _NO, _ALL),
        Act.ANNOUNCE_ON_WORD: (_NO, _NO, _NO, _NO),
        Act.KEEP: (_NO, _NO, _NO, _NO),
    }
)


def stops(stage: Stage, act: Act, signals: Collection[Signal]) -> bool:
    """Whether that these signals have come to a stage stops an act."""
    return not _STOPPED[act][list(Stage).index(stage)].isdisjoint(signals)


def table_of_effects() -> str:
    """The table, for the docs."""
    head = ("what", *(f"`{stage.value}`" for stage in Stage))
    rows = [
        (_WORDS[act], *(_shown(stage, stopped) for stage, stopped in zip(Stage, each, strict=True)))
        for act, each in _STOPPED.items()
    ]
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(stage: Stage, stopped: Collection[Signal]) -> str:
    come = {one for one in Signal if _comes_to(stage, one)}
    here = sorted(come.intersection(stopped))
    but = sorted(come.difference(stopped))
    if not here or not but:
        return "stops" if here else "no"
    word, these = ("stops for", here) if len(here) <= len(but) else ("stops, but for", but)
    return f"{word} {', '.join(f'`{one.value}`' for one in these)}"


def _comes_to(stage: Stage, signal: Signal) -> bool:
    ladder = LADDERS[signal]
    reached = {
        Stage.NOTICE: ladder.notice,
        Stage.WARN: ladder.warn,
        Stage.FREEZE: ladder.freeze,
        Stage.DISPUTE: ladder.freeze if signal is Signal.HOLDER else None,
    }
    return reached[stage] is not None
