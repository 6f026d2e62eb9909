"""Speakers, listeners, their reconciler and their watcher, from the settings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from byoip.adapters.gobgp.calls import GobgpCalls
from byoip.adapters.gobgp.imports import ImportPolicy
from byoip.adapters.gobgp.transport import Tls
from byoip.adapters.speakers.bird_listener import BirdListener
from byoip.adapters.speakers.gobgp_speaker import GobgpSpeaker
from byoip.composition.connecting import SpeakerConnections, tls_of
from byoip.composition.process import Composition
from byoip.domain.asn import AS0
from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.opening import RECOMMENDED_RESTART_SECONDS
from byoip.domain.speakers.revision import Entries, SpeakerEntry, ordered
from byoip.ports.speakers.speaker import Neighbour, SpeakerUnanswered
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from byoip.settings.speakers import SpeakerSettings
from byoip.store.speakers.leader_election import LeaderElection
from byoip.store.speakers.routes import Routes
from byoip.store.speakers.watch_election import WatchElection
from byoip.store.speakers.witnesses import Witness
from byoip.worker.pace import Pace
from byoip.worker.reconciling import Reconciler
from byoip.worker.watching import Watcher

_CHECK_SECONDS = 5.0
_MOST_POLICIES = 1000


@asynccontextmanager
async def reconciler_of(composition: Composition) -> AsyncIterator[Reconciler | None]:
    """The reconciler, while the block runs; None without speakers, or if another worker does it.

    Raises:
        SettingsError: a sandbox would announce beyond loopback, or files for TLS cannot be used.
    """
    settings = composition.settings
    if not (settings.speakers and settings.reconcile):
        yield None
        return
    async with _connections_of(composition) as connections:
        yield Reconciler(
            LeaderElection(composition.database_url, settings.lease_seconds),
            Routes(composition.engine, settings.ceilings),
            composition.store,
            composition.clock,
            proposal_of(settings),
            connections,
            [BirdListener(one.name, one.socket) for one in settings.listeners],
            _pace(settings),
            silent_after=3 * settings.lease_seconds,
        )


@asynccontextmanager
async def watcher_of(
    composition: Composition, rank: Callable[[], int]
) -> AsyncIterator[Watcher | None]:
    """What watches routes from outside, while the block runs; None without speakers.

    Its speakers are its own, and it tells them nothing.

    Raises:
        SettingsError: as the reconciler.
    """
    settings = composition.settings
    if not settings.speakers:
        yield None
        return
    async with _connections_of(composition) as connections:
        yield Watcher(
            WatchElection(composition.database_url, settings.lease_seconds, rank),
            Routes(composition.engine, settings.ceilings),
            composition.store,
            proposal_of(settings),
            connections,
            [BirdListener(one.name, one.socket) for one in settings.listeners],
            _pace(settings),
            vanishing=settings.breaker_least,
            silent_after=3 * settings.lease_seconds,
        )


@asynccontextmanager
async def _connections_of(composition: Composition) -> AsyncIterator[SpeakerConnections]:
    settings, is_sandbox = composition.settings, composition.mode == "sandbox"
    if is_sandbox:
        _require_loopback(settings)
    connections = SpeakerConnections(settings, loopback_only=is_sandbox)
    try:
        yield connections
    finally:
        await connections.close()


def witness_of(composition: Composition) -> Witness | None:
    """What remembers the database in this process; None without speakers."""
    if not composition.settings.speakers:
        return None
    directory = composition.settings.memory_dir
    return Witness(composition.database_url, composition.store.acknowledged, directory)


def _pace(settings: Settings) -> Pace:
    return Pace(
        every=timedelta(seconds=settings.reconcile_seconds),
        absent_for=timedelta(seconds=settings.absent_seconds),
    )


def proposal_of(settings: Settings) -> Entries:
    """What this process's file says of speakers, as far as all workers share it."""
    return ordered(
        SpeakerEntry(
            one.name,
            one.address,
            stage,
            PathAttributes(
                AS0,  # each speaker is asked for its own
                one.next_hop4 or settings.next_hop4,
                one.next_hop6 or settings.next_hop6,
                frozenset(one.communities),
                one.prepend_communities,
            ),
        )
        for one, stage in settings.staged_speakers
    )


@dataclass(frozen=True, slots=True)
class SpeakerFound:
    """A speaker of the settings, as it was found.

    Attributes:
        notes: on its neighbours, what the manual has otherwise.
        imports: why it would accept what neighbours send; empty: it does not.
        silent: why it could not be asked; empty: it answered.
    """

    name: str
    notes: tuple[str, ...] = ()
    imports: str = ""
    silent: str = ""


async def look_at_speakers(settings: Settings) -> Sequence[SpeakerFound]:
    """Ask each speaker for its neighbours and its import policy; changes nothing.

    Raises:
        SettingsError: files for TLS cannot be used.
    """
    return await asyncio.gather(*map(_look_at_speaker, settings.speakers, tls_of(settings)))


async def _look_at_speaker(one: SpeakerSettings, tls: Tls | None) -> SpeakerFound:
    speaker = GobgpSpeaker(one.name, one.address, tls=tls, deadline=_CHECK_SECONDS)
    calls = GobgpCalls(one.name, one.address, tls=tls, deadline=_CHECK_SECONDS, most=_MOST_POLICIES)
    try:
        neighbours = await speaker.neighbours()
        imports = await ImportPolicy(calls).complaint()
    except SpeakerUnanswered as fault:
        return SpeakerFound(one.name, silent=str(fault))
    finally:
        await speaker.close()
        await calls.close()
    notes = [f"neighbour {each.address} {said}" for each in neighbours for said in _notes_on(each)]
    return SpeakerFound(one.name, tuple(notes), imports or "")


async def neighbour_notes(settings: Settings) -> list[str]:
    """What is to be said of each speaker, a line each."""
    notes = []
    for one in await look_at_speakers(settings):
        notes += [f"speaker {one.name}: {said}" for said in one.notes]
        if one.silent:
            notes.append(f"speaker {one.name} could not be asked: {one.silent}")
    return notes


def _notes_on(neighbour: Neighbour) -> Iterator[str]:
    seconds, enough = neighbour.restart_seconds, RECOMMENDED_RESTART_SECONDS
    if seconds < enough:
        kept = f"keeps its routes for {seconds} s only" if seconds else "does no graceful restart"
        yield f"{kept}; restart-time {enough} or more is recommended"
    if neighbour.comes_up:
        yield "is not admin-down: it comes up before the speaker is loaded"


def _require_loopback(settings: Settings) -> None:
    for one in settings.speakers:
        if not one.on_this_machine:
            raise SettingsError(
                f"The sandbox announces on loopback only, not at {one.address}: "
                "it lets anyone prove anything."
            )
