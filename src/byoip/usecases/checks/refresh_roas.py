"""The worker takes new ROA data, and uses it if it passes the gates."""

from dataclasses import dataclass
from typing import TypeAlias

from byoip.domain.checks.vrp_snapshot import Gate, GatePolicy, Objection, Tally, judge
from byoip.domain.history import Actor
from byoip.ports.checks.rpki import NoExport, VrpExport, VrpSource
from byoip.ports.checks.snapshots import MalformedExport, VrpDocument, VrpReader
from byoip.ports.clock import Clock
from byoip.store.checks.snapshots import VrpSnapshot
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.checks.vrp_writing import VrpSnapshotRepository
from byoip.usecases.checks.reevaluate_claims import ReevaluateClaims


@dataclass(frozen=True, slots=True)
class RoasAccepted:
    """A new snapshot is in use."""

    number: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class RoasRefused:
    """The last good snapshot stays in use.

    Attributes:
        number: of the attempt; an operator may accept it where `acceptable`.
    """

    number: int
    objections: tuple[Objection, ...]
    acceptable: bool


@dataclass(frozen=True, slots=True)
class RoasUnchanged:
    """The source still offers the snapshot that is in use."""

    number: int


Refreshed: TypeAlias = RoasAccepted | RoasRefused | RoasUnchanged


@dataclass(frozen=True, slots=True)
class RefreshRoas:
    """Take a new export of ROA data, judge it, and use it if it passes.

    Every attempt is on record, and no failed attempt takes the last good snapshot away.
    """

    source: VrpSource
    reader: VrpReader
    snapshots: VrpSnapshots
    policy: GatePolicy
    clock: Clock
    reevaluate: ReevaluateClaims | None = None  # None: the schedule does it soon

    async def __call__(self) -> Refreshed:
        """Fetch, load, judge; no lock is held while the source works."""
        export = await self.source.fetch()
        async with self.snapshots.exclusive() as tx:
            if isinstance(export, NoExport):
                refreshed: Refreshed = await self._nothing(
                    tx, Objection(Gate.EXPORT, export.why), source=None
                )
            else:
                refreshed = await self._take(tx, export)
        await self.snapshots.prune()
        if self.reevaluate is not None and isinstance(refreshed, RoasAccepted):
            await self.reevaluate(by=Actor("worker", f"roa-snapshot-{refreshed.number}"))
        return refreshed

    async def _take(self, tx: VrpSnapshotRepository, export: VrpExport) -> Refreshed:
        current = await tx.current()
        try:
            document = self.reader.open(export)
            if current is not None and self._same(document, current):
                return RoasUnchanged(current.number)
            loaded = await tx.load(document, source=export.source, at=self.clock.now())
        except MalformedExport as fault:
            return await self._nothing(tx, Objection(Gate.FORMAT, str(fault)), export.source)
        return await self._judge(tx, export, loaded)

    def _same(self, document: VrpDocument, current: VrpSnapshot) -> bool:
        # Sources are asked more often than they build; that is no reason to raise an alarm.
        return (
            self.policy.newer
            and current.tally is not None
            and document.built_at == current.tally.built_at
        )

    async def _judge(
        self, tx: VrpSnapshotRepository, export: VrpExport, loaded: VrpSnapshot
    ) -> Refreshed:
        tally, now = loaded.tally or Tally(loaded.attempted_at, {}), self.clock.now()
        measure = await tx.measure(now)
        objections = judge(tally, measure, anchors=export.anchors, policy=self.policy, now=now)
        if objections:
            await tx.refuse(loaded.number, objections)
            return RoasRefused(loaded.number, objections, acceptable=True)
        await tx.accept(loaded.number)
        return RoasAccepted(loaded.number, tally)

    async def _nothing(
        self, tx: VrpSnapshotRepository, objection: Objection, source: str | None
    ) -> RoasRefused:
        failure = await tx.record_failure(objection, source=source, at=self.clock.now())
        return RoasRefused(failure.number, failure.objections, acceptable=False)
