"""Whether the sessions of a speaker may come up, now that it is loaded.

Peers keep the routes of a speaker that restarts, until it has told them all that it has; what is
missing then, they drop. So nothing may be missing of what they may still have from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from byoip.domain.prefix import Prefix

MARGIN_SECONDS: Final = 15.0  # before peers drop all that they keep
RECOMMENDED_RESTART_SECONDS: Final = 600
_NAMED: Final = 5  # in an alarm
_TOGETHER: Final = 8  # characters that stand for all of them


class Opening(StrEnum):
    """What becomes of its sessions."""

    OPEN = "open"
    UNKNOWN = (
        "unknown"  # shut: nothing is on record of it, which does not mean that it held nothing
    )
    SHUT = "shut"
    SHORT = "short"  # opened with what is loaded, for peers are about to drop all


@dataclass(frozen=True, slots=True)
class SpeakerRecord:
    """What is on record of a speaker, outside of the rows of routes.

    Attributes:
        ordered_by: wants it opened in spite of what is missing; empty: no party does.
        order: the number of that order.
        up_here: whether a session was up since this database is what it is.
    """

    ordered_by: str = ""
    order: int = 0
    up_here: bool = False


def opening(
    record: SpeakerRecord | None, *, missing: bool, seconds_left: float, fed_by_sibling: bool
) -> Opening:
    """Decide it.

    Args:
        record: None: nothing is on record of it.
        missing: whether it lacks anything that peers may have from it.
        seconds_left: until its peers drop what they keep of it.
        fed_by_sibling: whether each of its peers has a session with another speaker of its stage.
    """
    if record is not None and record.ordered_by:
        return Opening.OPEN
    if record is None:
        return Opening.UNKNOWN
    if not missing:
        return Opening.OPEN
    if fed_by_sibling or seconds_left > MARGIN_SECONDS:
        return Opening.SHUT
    return Opening.SHORT


def lacking(missing: Sequence[Prefix]) -> str:
    """What an alarm says: how many, the first, and what stands for all where those are not all.

    Empty: nothing is.
    """
    if not missing:
        return ""
    texts = [str(one) for one in missing]
    together = sha256(" ".join(texts).encode()).hexdigest()[:_TOGETHER]
    more = f", … (together {together})" if len(texts) > _NAMED else ""
    named = ", ".join(texts[:_NAMED])
    return f"it lacks {len(texts)} routes that no party withdrew: {named}{more}"
