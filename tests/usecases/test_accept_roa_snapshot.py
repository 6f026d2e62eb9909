from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.vrp_json import JsonVrps
from byoip.domain.customer_text import CustomerText
from byoip.domain.vrp_snapshot import GatePolicy
from byoip.store.vrp_snapshots import VrpSnapshots
from byoip.usecases.accept_roa_snapshot import (
    Accepted,
    AcceptRoaSnapshot,
    NotAcceptable,
    SnapshotAccepted,
)
from byoip.usecases.refresh_roas import RefreshRoas, RoasAccepted, RoasRefused
from tests.fakes.rpki import NOON, FakeVrpSource, StoppedClock, entries, export_text
from tests.store.snapshot_engine import snapshot_engine

HOUR = timedelta(hours=1)
FULL = [*entries(10, "ripe"), *entries(10, "apnic")]
SMALL = [*entries(10, "ripe"), *entries(4, "apnic")]


class Operator:
    """Refreshes and accepts, as an operator would."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self.snapshots = VrpSnapshots(engine)
        self.clock = StoppedClock(NOON + 2 * HOUR)
        self.source = FakeVrpSource(directory)

    async def refresh(self, roas: list[dict[str, object]], built_at: datetime) -> int:
        self.source.offer = export_text(roas, built_at)
        policy = GatePolicy(floor=5)
        refresh = RefreshRoas(self.source, JsonVrps(), self.snapshots, policy, self.clock)
        result = await refresh()
        assert isinstance(result, RoasAccepted | RoasRefused)
        return result.number

    async def accept(self, number: int, reason: str = "APNIC is down") -> Accepted:
        accept = AcceptRoaSnapshot(self.snapshots, self.clock)
        return await accept(number, by=CustomerText("alice"), reason=CustomerText(reason))

    async def in_use(self) -> int | None:
        current = (await self.snapshots.status()).current
        return None if current is None else current.number


@pytest.fixture
async def operator(database_url: str, tmp_path: Path) -> AsyncIterator[Operator]:
    async with snapshot_engine(database_url) as engine:
        yield Operator(engine, tmp_path)


async def test_the_last_refused_snapshot_can_be_accepted_and_is_the_new_measure(
    operator: Operator,
) -> None:
    await operator.refresh(FULL, NOON)
    refused = await operator.refresh(SMALL, NOON + HOUR)
    assert await operator.accept(refused) == SnapshotAccepted(refused)
    assert await operator.in_use() == refused
    following = await operator.refresh(SMALL, NOON + 2 * HOUR)
    assert await operator.in_use() == following


async def test_it_can_be_the_first_snapshot_of_all(operator: Operator) -> None:
    refused = await operator.refresh(entries(20, "ripe"), NOON)
    assert await operator.in_use() is None
    assert await operator.accept(refused) == SnapshotAccepted(refused)
    assert await operator.in_use() == refused


async def test_nothing_is_accepted_without_a_reason(operator: Operator) -> None:
    refused = await operator.refresh(SMALL[:3], NOON)
    assert await operator.accept(refused, " ") == NotAcceptable("say who accepts it, and why")
    assert await operator.in_use() is None


async def test_what_is_not_a_refused_snapshot_with_its_entries_is_not_acceptable(
    operator: Operator,
) -> None:
    accepted = await operator.refresh(FULL, NOON)
    refused = await operator.refresh(SMALL, NOON + HOUR / 2)
    newer = await operator.refresh(SMALL, NOON + HOUR)
    operator.source.offer = "<html>"
    assert await operator.accept(99) == NotAcceptable("there is no such snapshot")
    assert await operator.accept(accepted) == NotAcceptable("it was accepted before")
    gone = NotAcceptable("its entries are not here (any more)")
    assert await operator.accept(refused) == gone
    current = await operator.refresh(FULL, NOON + 2 * HOUR)
    assert await operator.accept(newer) == gone
    assert await operator.in_use() == current


async def test_a_snapshot_from_the_future_is_not_acceptable(operator: Operator) -> None:
    refused = await operator.refresh(FULL, NOON + 3 * HOUR)
    answer = await operator.accept(refused)
    assert answer == NotAcceptable("it was built in the future: mend the relying party's clock")
