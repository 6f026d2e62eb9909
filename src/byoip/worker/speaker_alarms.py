"""Alarms: who does not answer, who is fed by one, what waits since a restore."""

from collections import Counter
from collections.abc import Iterator, Sequence

from byoip.store.speakers.routes import Alarm
from byoip.store.transaction import Store
from byoip.worker.speaker_task import SpeakerTask


def speakers_down(tasks: Sequence[SpeakerTask]) -> Iterator[Alarm]:
    """Every speaker that does not answer, with the neighbours that it fed and its routes."""
    for task in tasks:
        if not task.alive:
            fed = ", ".join(one.address for one in task.neighbours) or "not known"
            said = f"{task.fault}; neighbours: {fed}; routes: {task.held}"
            yield Alarm("speaker_down", task.staged.name, said)


def fed_by_one(tasks: Sequence[SpeakerTask]) -> Iterator[Alarm]:
    """Every peer that is fed by one speaker, or by none, by the sessions last known.

    A session counts as one that should be up, unless it is administratively down.
    """
    feeding = Counter[str]()
    for task in tasks:
        for session in task.neighbours:
            if session.enabled or session.established:
                feeding[session.address] += task.alive and session.established
    for peer, count in feeding.items():
        if count <= 1:
            yield Alarm("fed_by_one", peer, "" if count else "by no speaker now")


async def unreleased(store: Store, tasks: Sequence[SpeakerTask]) -> Sequence[Alarm]:
    """Release what is up, and tell its speakers; one alarm for all that waits for an operator."""
    async with store.transaction() as tx:
        released, many = await tx.unreleased.release_up([one.staged.name for one in tasks])
    for task in tasks:
        task.notify(released)  # one that was restarted lacks it
    said = f"{many} routes wait: see `byoip advertise unreleased`"
    return [Alarm("unreleased", "routes", said)] if many else []
