"""Which database is this? Asked before speakers are told anything, and while this process leads."""

import asyncio
import logging
from typing import Final

from byoip.domain.speakers.succession import Verdict
from byoip.ports.steady_clock import boottime
from byoip.store.speakers.leader_election import Leadership
from byoip.store.transaction import Store
from byoip.usecases.speakers.forget_applied import recognise

_LOG = logging.getLogger(__name__)

_TESTIMONY_SECONDS: Final = 10.0
_TESTIMONY_PAUSE_SECONDS: Final = 0.2


async def recognise_database(leadership: Leadership, store: Store) -> None:
    """Find out which database this is; changes wait while processes testify."""
    give_up = boottime() + _TESTIMONY_SECONDS
    verdict = Verdict.WAITING
    while verdict is Verdict.WAITING:
        async with store.transaction() as tx:
            verdict = await recognise(tx, patient=boottime() < give_up)
        if verdict is Verdict.WAITING:
            await leadership.require()
            await asyncio.sleep(_TESTIMONY_PAUSE_SECONDS)
    if verdict is not Verdict.SAME:
        _LOG.warning("This database is another one than before: %s", verdict.value)
