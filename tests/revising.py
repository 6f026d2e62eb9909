"""Settings of speakers around twins: what a file proposes, and what is in force."""

from collections.abc import Iterable, Sequence

from byoip.adapters.speakers.unreachable_speaker import UnreachableSpeaker
from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.revision import Entries, SpeakerEntry, digest
from byoip.ports.speakers.speaker import Speaker
from byoip.store.speakers.routes import Routes
from byoip.store.transaction import Store
from byoip.worker.revising import Connect


def proposal(
    speakers: Sequence[Speaker], stages: Iterable[int], attributes: PathAttributes
) -> Entries:
    """What a file with these speakers says."""
    return tuple(
        SpeakerEntry(one.name, one.name, stage, attributes)
        for one, stage in zip(speakers, stages, strict=True)
    )


def connecting(*speakers: Speaker) -> Connect:
    """The way to these speakers; any other is beyond reach."""
    known = {one.name: one for one in speakers}
    return lambda entry: known.get(entry.name) or UnreachableSpeaker(entry.name, "no way to it")


async def enforce(store: Store, routes: Routes, entries: Entries) -> None:
    """Have these settings in force, as if they had travelled long ago."""
    await routes.revisions.adopt("a test", entries)
    async with store.transaction() as tx:
        in_use = await tx.revisions.lock()
        if in_use and in_use.in_force.digest != digest(entries):
            await tx.revisions.take_back("by a test", tx.now)
            number = await tx.revisions.put(entries, by="a test", reason="a test", now=tx.now)
            await tx.revisions.enforce(number, tx.now)
