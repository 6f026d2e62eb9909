from dataclasses import dataclass
from typing import TypeAlias

from byoip.domain.customer_text import CustomerText
from byoip.domain.vrp_snapshot import ahead
from byoip.ports.clock import Clock
from byoip.ports.snapshots import Acceptance, VrpSnapshot, VrpSnapshotShelf, VrpSnapshotStore


@dataclass(frozen=True, slots=True)
class SnapshotAccepted:
    """The snapshot is in use from now on."""

    number: int


@dataclass(frozen=True, slots=True)
class NotAcceptable:
    """Nothing has changed; `why` is for the operator."""

    why: str


Accepted: TypeAlias = SnapshotAccepted | NotAcceptable


@dataclass(frozen=True, slots=True)
class AcceptRoaSnapshot:
    """Use a refused snapshot all the same, on an operator's word, which is kept with its reason."""

    snapshots: VrpSnapshotStore
    clock: Clock

    async def __call__(self, number: int, *, by: CustomerText, reason: CustomerText) -> Accepted:
        """Accept snapshot `number`: the last refused one, as long as its entries are kept."""
        if not reason.value.strip() or not by.value.strip():
            return NotAcceptable("say who accepts it, and why")
        async with self.snapshots.exclusive() as shelf:
            if why := await self._obstacle(shelf, await shelf.find(number)):
                return NotAcceptable(why)
            acceptance = Acceptance(by.value, reason.value, self.clock.now())
            await shelf.accept(number, acceptance)
        await self.snapshots.prune()
        return SnapshotAccepted(number)

    async def _obstacle(self, shelf: VrpSnapshotShelf, snapshot: VrpSnapshot | None) -> str | None:
        if snapshot is None:
            return "there is no such snapshot"
        if snapshot.accepted:
            return "it was accepted before"
        if snapshot.tally is None or not snapshot.kept:
            return "its entries are not here (any more)"
        if ahead(snapshot.tally.built_at, self.clock.now()):
            # Its age could not be told, and data is only used up to a certain age.
            return "it was built in the future: mend the relying party's clock"
        current = await shelf.current()
        if current is not None and current.number > snapshot.number:
            return f"snapshot {current.number} has superseded it"
        return None
