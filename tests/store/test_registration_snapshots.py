from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.checks.registry import Allocation
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registrations import StatisticsFile
from byoip.ports.checks.snapshots import FetchMark
from byoip.store.checks.registration_snapshots import (
    Registered,
    RegistrationRepository,
    RegistrationSnapshots,
)
from byoip.store.checks.snapshots import RegistrationStatus
from tests.fakes.rpki import NOON

REGISTRIES = frozenset({"apnic", "ripencc"})


def allocation(prefix: str, registry: str = "ripencc", status: str = "allocated") -> Allocation:
    return Allocation(Prefix.parse(prefix), registry, status, "5a1f", "NL")


def file(registry: str, *prefixes: str, serial: str = "1") -> StatisticsFile:
    digest = sha256(f"{registry} {serial}".encode()).hexdigest()
    allocations = [allocation(prefix, registry) for prefix in prefixes]
    return StatisticsFile(registry, serial, digest, NOON, allocations)


@pytest.fixture
def registrations(engine: AsyncEngine) -> RegistrationSnapshots:
    return RegistrationSnapshots(engine)


async def load(registrations: RegistrationSnapshots, *files: StatisticsFile) -> list[int]:
    async with registrations.exclusive() as tx:
        return [await tx.replace(one) for one in files]


async def overlapping(engine: AsyncEngine, prefix: str) -> Registered:
    async with engine.connect() as connection:
        return await RegistrationRepository(connection, REGISTRIES).overlapping(
            Prefix.parse(prefix)
        )


async def test_every_range_that_overlaps_is_found_in_any_registry(
    engine: AsyncEngine, registrations: RegistrationSnapshots
) -> None:
    ripe = file("ripencc", "10.0.0.0/16", "10.1.0.0/24", "10.3.0.0/24", "2001:db8::/32")
    numbers = await load(registrations, ripe, file("apnic", "10.1.1.0/24"))
    assert await overlapping(engine, "10.1.0.0/23") == Registered(
        max(numbers), (allocation("10.1.0.0/24"), allocation("10.1.1.0/24", "apnic"))
    )
    assert (await overlapping(engine, "10.0.5.0/24")).allocations == (allocation("10.0.0.0/16"),)
    assert (await overlapping(engine, "2001:db8:5::/48")).allocations == (
        allocation("2001:db8::/32"),
    )
    assert (await overlapping(engine, "192.0.2.0/24")) == Registered(max(numbers), ())


async def test_nothing_is_said_before_every_registry_is_loaded(
    engine: AsyncEngine, registrations: RegistrationSnapshots
) -> None:
    assert await overlapping(engine, "10.0.0.0/24") == Registered(None, ())
    await load(registrations, file("ripencc", "10.0.0.0/16"))
    assert await overlapping(engine, "10.0.0.0/24") == Registered(None, ())
    await load(registrations, file("apnic", "11.0.0.0/16"))
    assert (await overlapping(engine, "10.0.0.0/24")).allocations == (allocation("10.0.0.0/16"),)


async def test_a_new_file_replaces_only_its_own_registry(
    engine: AsyncEngine, registrations: RegistrationSnapshots
) -> None:
    await load(registrations, file("ripencc", "10.0.0.0/16"), file("apnic", "11.0.0.0/16"))
    await load(registrations, file("ripencc", "10.0.0.0/17", "10.9.0.0/24", serial="2"))
    async with registrations.exclusive() as tx:
        counts = [await tx.best_count(one, NOON) for one in ("ripencc", "apnic", "arin")]
    assert counts == [2, 1, None]
    found = (await overlapping(engine, "10.0.0.0/8")).allocations
    assert found == (allocation("10.0.0.0/17"), allocation("10.9.0.0/24"))
    assert (await overlapping(engine, "11.0.0.0/16")).allocations == (
        allocation("11.0.0.0/16", "apnic"),
    )


async def test_pruning_keeps_each_registrys_current_snapshot(
    engine: AsyncEngine, registrations: RegistrationSnapshots
) -> None:
    await load(registrations, file("ripencc", "10.0.0.0/16"), file("apnic", "11.0.0.0/16"))
    await load(registrations, file("ripencc", "10.0.0.0/17"))
    await registrations.prune()
    async with engine.connect() as connection:
        catalogue = text("select inhrelid::regclass::text from pg_inherits order by inhrelid")
        names = (await connection.scalars(catalogue)).all()
    assert names == ["registered_ranges_2", "registered_ranges_3"]
    assert (await overlapping(engine, "10.0.0.0/8")).allocations == (allocation("10.0.0.0/17"),)


async def test_a_failure_leaves_the_last_good_snapshot_and_shows_in_the_status(
    registrations: RegistrationSnapshots,
) -> None:
    await load(registrations, file("ripencc", "10.0.0.0/16"))
    async with registrations.exclusive() as tx:
        await tx.record_failure("ripencc", "answered 500", at=NOON)
        await tx.record_failure("apnic", "too slow", at=NOON)
    assert await registrations.status() == [
        RegistrationStatus("apnic", None, None, 0, "too slow"),
        RegistrationStatus("ripencc", "1", NOON, 1, "answered 500"),
    ]
    await load(registrations, file("ripencc", "10.0.0.0/17", serial="2"))
    assert (await registrations.status())[1] == RegistrationStatus("ripencc", "2", NOON, 1, None)


async def test_a_mark_counts_only_while_its_content_is_in_use(
    registrations: RegistrationSnapshots,
) -> None:
    url = "https://example.net/ripencc"
    first, second = (file("ripencc", "10.0.0.0/16", serial=serial) for serial in ("1", "2"))
    mark = FetchMark('"1"', None, first.sha256)
    await registrations.remember_mark(url, mark)
    assert await registrations.mark_of(url) is None
    await load(registrations, first)
    assert await registrations.mark_of(url) == mark
    await load(registrations, second)
    assert await registrations.mark_of(url) is None
    newer = FetchMark('"2"', "yesterday", second.sha256)
    await registrations.remember_mark(url, newer)
    assert await registrations.mark_of(url) == newer
