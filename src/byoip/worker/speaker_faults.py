"""What may go wrong with one speaker is that speaker's, and nobody else's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from byoip.ports.speakers.speaker import SpeakerUnanswered
from byoip.ports.supervising import asked_to_end
from byoip.store.speakers.leases import LeaseLost
from byoip.store.unavailable import StoreRefused, StoreUnavailable

Work: TypeAlias = Callable[[], Awaitable[None]]  # called when it is its turn: a task may end before
_LOG: Final = logging.getLogger(__name__)

_ALL: Final = (LeaseLost, StoreUnavailable)


class Unforeseen(SpeakerUnanswered):
    """Its work failed as nobody foresaw: tried again, but not at once."""


async def fault_of(name: str, work: Work, before: str = "") -> SpeakerUnanswered | None:
    """Why this work of a speaker has failed; None: it has not.

    What nobody foresaw is logged where it came from, unless it is what was so `before`.

    Raises:
        LeaseLost, StoreUnavailable: no speaker may be told anything more.
        CancelledError: also where a fault took its place.
    """
    try:
        return await _fault_of(name, work, before)
    finally:
        if asked_to_end():
            raise asyncio.CancelledError


async def _fault_of(name: str, work: Work, before: str) -> SpeakerUnanswered | None:
    try:
        await work()
    except SpeakerUnanswered as fault:
        return fault
    except StoreRefused as fault:  # what it says cannot be kept: others are not to suffer
        return SpeakerUnanswered(f"{name}: {fault}")
    except Exception as fault:
        if isinstance(fault, _ALL):
            raise
        if isinstance(fault, ExceptionGroup) and fault.subgroup(_ALL):
            raise
        odd = Unforeseen(f"{name}: {type(fault).__name__}: {fault}")
        if str(odd) != before:
            _LOG.exception("Speaker %s: its work has failed", name)
        return odd
    return None
