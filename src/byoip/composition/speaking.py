"""Speakers, listeners and their reconciler, from the settings."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.composition.process import Composition
from byoip.domain.asn import AS0
from byoip.domain.routes.route import PathAttributes
from byoip.settings.model import Settings, SettingsError
from byoip.settings.parts import on_loopback
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.speakers.routes import Routes
from byoip.worker.reconciling import Reconciler, SpeakerPart
from byoip.worker.speaker_task import Pace


@asynccontextmanager
async def reconciler_of(composition: Composition) -> AsyncIterator[Reconciler | None]:
    """The reconciler, while the block runs; None without speakers, or if another worker does it.

    Raises:
        SettingsError: a sandbox would announce beyond loopback.
    """
    settings = composition.settings
    if not (settings.speakers and settings.reconcile):
        yield None
        return
    if composition.mode == "sandbox":
        _require_loopback(settings)
    speakers = [GobgpSpeaker(one.name, one.address) for one in settings.speakers]
    try:
        yield Reconciler(
            LeaderElection(composition.database_url),
            Routes(composition.engine, settings.ceilings),
            composition.store,
            composition.clock,
            _parts(settings, speakers),
            [BirdListener(one.name, one.socket) for one in settings.listeners],
            Pace(
                every=timedelta(seconds=settings.reconcile_seconds),
                absent_for=timedelta(seconds=settings.absent_seconds),
            ),
        )
    finally:
        for speaker in speakers:
            await speaker.close()


def _parts(settings: Settings, speakers: Sequence[GobgpSpeaker]) -> list[SpeakerPart]:
    parts = []
    for (one, stage), speaker in zip(settings.staged_speakers, speakers, strict=True):
        attributes = PathAttributes(
            AS0,  # each speaker is asked for its own
            one.next_hop4 or settings.next_hop4,
            one.next_hop6 or settings.next_hop6,
            frozenset(one.communities),
            one.prepend_communities,
        )
        parts.append(SpeakerPart(speaker, stage, attributes))
    return parts


def _require_loopback(settings: Settings) -> None:
    for one in settings.speakers:
        if not on_loopback(one.address.rpartition(":")[0].strip("[]")):
            raise SettingsError(
                f"The sandbox announces on loopback only, not at {one.address}: "
                "it lets anyone prove anything."
            )
