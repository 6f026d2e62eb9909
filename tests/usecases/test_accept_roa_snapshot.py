from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable, SnapshotNotFound
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.customer_text import InvalidText
from byoip.domain.history import Actor
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.checks.snapshots import SnapshotAcceptance
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.transaction import Store
from byoip.usecases.checks import snapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasAccepted, RoasRefused
from tests.fakes.rpki import NOON, FakeVrpSource, StoppedClock, entries, export_text
from tests.usecases.verbs import Verb

HOUR = timedelta(hours=1)
FULL = [*entries(10, "ripe"), *entries(10, "apnic")]
SMALL = [*entries(10, "ripe"), *entries(4, "apnic")]
ALICE = Actor("operator:alice", "request-1")


class Operator:
    """Refreshes and accepts, as an operator would."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self.snapshots = VrpSnapshots(engine)
        self.clock = StoppedClock(NOON + 2 * HOUR)
        self.store = Store(engine, self.clock)
        self.reader = OperatorReader(engine)
        self.source = FakeVrpSource(directory)

    async def refresh(self, roas: list[dict[str, object]], built_at: datetime) -> int:
        self.source.offer = export_text(roas, built_at)
        policy = GatePolicy(floor=5)
        refresh = RefreshRoas(self.source, JsonVrps(), self.snapshots, policy, self.clock)
        result = await refresh()
        assert isinstance(result, RoasAccepted | RoasRefused)
        return result.number

    async def accept(self, number: int, reason: str = "APNIC is down") -> int:
        accept = Verb(self.store, snapshots.accept_roas)
        accepted = await accept(number, reason=reason, by=ALICE)
        assert accepted.in_use
        assert accepted.acceptance == SnapshotAcceptance(ALICE.name, reason, self.clock.now())
        return accepted.snapshot.number

    async def why_not(self, number: int) -> str:
        """Why it is not acceptable; nothing has changed then."""
        before = await self.in_use(), await self.reader.events(after=0, limit=10)
        with pytest.raises(SnapshotNotAcceptable) as refused:
            await self.accept(number)
        assert (await self.in_use(), await self.reader.events(after=0, limit=10)) == before
        return refused.value.message.removeprefix("Nothing has changed: ").removesuffix(".")

    async def in_use(self) -> int | None:
        current = (await self.snapshots.status()).current
        return None if current is None else current.number


@pytest.fixture
def operator(engine: AsyncEngine, tmp_path: Path) -> Operator:
    return Operator(engine, tmp_path)


async def test_the_last_refused_snapshot_can_be_accepted_and_is_the_new_measure(
    operator: Operator,
) -> None:
    await operator.refresh(FULL, NOON)
    refused = await operator.refresh(SMALL, NOON + HOUR)
    assert await operator.accept(refused) == refused
    assert await operator.in_use() == refused
    following = await operator.refresh(SMALL, NOON + 2 * HOUR)
    assert await operator.in_use() == following


async def test_who_accepted_it_and_why_is_in_the_operators_history(operator: Operator) -> None:
    refused = await operator.refresh(entries(20, "ripe"), NOON)
    await operator.accept(refused)
    [view] = await operator.reader.events(after=0, limit=10)
    assert (view.event.kind, view.event.actor) == ("roa_snapshot.accepted", ALICE.name)
    assert (view.reason, view.event.after) == ("APNIC is down", {"number": refused})


async def test_it_can_be_the_first_snapshot_of_all(operator: Operator) -> None:
    refused = await operator.refresh(entries(20, "ripe"), NOON)
    assert await operator.in_use() is None
    await operator.accept(refused)
    assert await operator.in_use() == refused


async def test_nothing_is_accepted_without_a_reason(operator: Operator) -> None:
    refused = await operator.refresh(SMALL[:3], NOON)
    with pytest.raises(InvalidText):
        await operator.accept(refused, " ")
    assert await operator.in_use() is None


async def test_what_is_not_a_refused_snapshot_with_its_entries_is_not_acceptable(
    operator: Operator,
) -> None:
    accepted = await operator.refresh(FULL, NOON)
    refused = await operator.refresh(SMALL, NOON + HOUR / 2)
    newer = await operator.refresh(SMALL, NOON + HOUR)
    operator.source.offer = "<html>"
    with pytest.raises(SnapshotNotFound):
        await operator.accept(99)
    assert await operator.why_not(accepted) == "it was accepted before"
    gone = "its entries are not here (any more)"
    assert await operator.why_not(refused) == gone
    current = await operator.refresh(FULL, NOON + 2 * HOUR)
    assert await operator.why_not(newer) == gone
    assert await operator.in_use() == current


async def test_a_snapshot_from_the_future_is_not_acceptable(operator: Operator) -> None:
    refused = await operator.refresh(FULL, NOON + 3 * HOUR)
    why = await operator.why_not(refused)
    assert why == "it was built in the future: fix the relying party's clock"
