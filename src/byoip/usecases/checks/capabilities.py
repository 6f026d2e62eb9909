"""What a process can do, what it lacks for it, since when, and the remedy.

None of it stops a process: what cannot be asked is unanswered. Operators read it at the start and
under `/readyz?verbose`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from byoip.domain.checks.delegated_statistics import OLD_AFTER, REGISTRIES
from byoip.domain.checks.vrp_snapshot import STALE_AFTER, stale
from byoip.ports.clock import Clock
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.unavailable import StoreRefused, StoreUnavailable

LOOKED_AT_EVERY: Final = timedelta(seconds=30)  # however often anyone asks
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has found.

    Attributes:
        lacking: in a sentence; empty: nothing.
        remedy: what the operator does about it.
        since: where the data says so; None: since it was first found.
    """

    lacking: str = ""
    remedy: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    """How one stands.

    Attributes:
        since: when that began, as far as this process knows.
    """

    name: str
    found: Look
    since: datetime

    @property
    def sentence(self) -> str:
        """For people, where something is lacking."""
        at = f"{self.since:%Y-%m-%dT%H:%M:%SZ}"
        return f"Missing since {at}, {self.name}: {self.found.lacking} {self.found.remedy}"


Question: TypeAlias = Callable[[], Awaitable[Look]]


@dataclass
class Capabilities:
    """Asks each question at most every 30 seconds, and remembers since when the answer is so."""

    questions: Mapping[str, Question]
    clock: Clock
    _known: Mapping[str, Capability] = field(default_factory=dict)
    _looked_at: datetime | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def now(self) -> Sequence[Capability]:
        """All, as they were found a moment ago."""
        async with self._turn:
            now = self.clock.now()
            if self._looked_at is None or now - self._looked_at >= LOOKED_AT_EVERY:
                asked = (_answer(question) for question in self.questions.values())
                found = await asyncio.gather(*asked)
                both = zip(self.questions, found, strict=True)
                self._known = {name: self._since(name, one, now) for name, one in both}
                self._looked_at = now
            return list(self._known.values())

    async def lacking(self) -> Sequence[Capability]:
        """Those that lack something."""
        return [one for one in await self.now() if one.found.lacking]

    def _since(self, name: str, found: Look, now: datetime) -> Capability:
        before = self._known.get(name)
        if before and bool(before.found.lacking) is bool(found.lacking):
            return Capability(name, found, before.since)
        return Capability(name, found, found.since or now)


async def _answer(question: Question) -> Look:
    try:
        async with asyncio.timeout(_SECONDS):
            return await question()
    except TimeoutError:
        return Look(f"there was no answer within {_SECONDS:g} s.", "It is asked again.")
    except StoreUnavailable:
        return Look("the database is away.", "See DATABASE_URL, and whether Postgres runs.")
    except StoreRefused as fault:
        return Look(f"what is kept of it cannot be read ({fault}).", "It is looked at again.")


@dataclass(frozen=True, slots=True)
class StatisticsLoaded:
    """Whether every registry's statistics are there: they say which registry is responsible."""

    registrations: RegistrationSnapshots
    clock: Clock

    async def __call__(self) -> Look:
        """Read what is in use."""
        loaded = {
            one.registry: one.loaded_at
            for one in await self.registrations.status()
            if one.serial and one.loaded_at
        }
        remedy = (
            "A worker fetches them every six hours, and when it starts: "
            "`byoip operator snapshots registrations` says why it could not. Without access to "
            "the registries put their files into BYOIP_STATISTICS_DIR."
        )
        if without := sorted(REGISTRIES - set(loaded)):
            return Look(
                f"there are no statistics of {', '.join(without)}, so no registry is known to be "
                "responsible for a prefix.",
                remedy,
            )
        before = self.clock.now() - OLD_AFTER
        if old := sorted(key for key, at in loaded.items() if at < before):
            return Look(
                f"the statistics of {', '.join(old)} are older than {OLD_AFTER.days} days.",
                remedy,
                since=min(loaded.values()) + OLD_AFTER,
            )
        return Look(since=max(loaded.values()))


@dataclass(frozen=True, slots=True)
class RoasLoaded:
    """Whether there is ROA data to judge by."""

    snapshots: VrpSnapshots
    clock: Clock

    async def __call__(self) -> Look:
        """Read what is in use."""
        current = (await self.snapshots.status()).current
        remedy = (
            "Run a worker with `--rpki-cache` and rpki-client, or set BYOIP_RPKI_FEED_URL or "
            "BYOIP_RPKI_FEED_FILE; `byoip rpki refresh` says what goes wrong."
        )
        if current is None or current.tally is None:
            return Look("there is no ROA data, so rpki stays unanswered.", remedy)
        built_at = current.tally.built_at
        if stale(built_at, self.clock.now()):
            old = f"the newest ROA data was built at {built_at:%Y-%m-%dT%H:%M:%SZ}, too long ago."
            return Look(old, remedy, since=built_at + STALE_AFTER)
        return Look(since=built_at)


@dataclass(frozen=True, slots=True)
class AnchorsCovered:
    """Whether ROA data comes from every trust anchor of the settings.

    Attributes:
        lacking_files: anchors without a locator, where this process runs the relying party.
    """

    snapshots: VrpSnapshots
    anchors: frozenset[str]
    lacking_files: Callable[[], Sequence[str]]

    async def __call__(self) -> Look:
        """Look for the files, then into the data in use."""
        remedy = (
            "Put a trust anchor locator for each, as in `arin.tal`, into BYOIP_RPKI_TALS (some "
            "registries want their terms accepted first), or leave it out of BYOIP_RPKI_ANCHORS."
        )
        if files := self.lacking_files():
            return Look(f"there is no locator of the trust anchors {', '.join(files)}.", remedy)
        current = (await self.snapshots.status()).current
        if current is None or current.tally is None:
            return Look()
        counted = {name for name, count in current.tally.counts.items() if count}
        if without := sorted(self.anchors - counted):
            return Look(f"the ROA data has nothing of {', '.join(without)}.", remedy)
        return Look(since=current.tally.built_at)


@dataclass(frozen=True, slots=True)
class ResolversValidate:
    """Whether the operator's resolvers validate DNSSEC, as proofs by reverse DNS need.

    Attributes:
        complaints: what is wrong with each; those without a complaint are left out.
    """

    complaints: Callable[[], Awaitable[Mapping[str, str]]]

    async def __call__(self) -> Look:
        """Ask each."""
        if wrong := await self.complaints():
            told = "; ".join(f"{name} {complaint}" for name, complaint in wrong.items())
            return Look(
                f"of the resolvers {told}.",
                "Name validating ones in BYOIP_RESOLVERS, as unbound with a root key is; "
                "`byoip config check` asks them again.",
            )
        return Look()
