from pathlib import Path

from byoip.adapters.checks.statistics_folder import StatisticsFolder
from byoip.ports.checks.registrations import NoStatistics, StatisticsFile
from tests.fakes.rpki import NOON, StoppedClock

FILE = """2|apnic|20261122|1|19830705|20261121|+1000
apnic|AU|ipv4|1.0.0.0|256|20110811|assigned|A91872ED
"""


async def test_files_are_read_under_the_names_they_are_published_with(tmp_path: Path) -> None:
    (tmp_path / "delegated-apnic-extended-latest").write_text(FILE)
    folder = StatisticsFolder(tmp_path, StoppedClock(), registries=("ripencc", "apnic"))
    apnic, ripe = [one async for one in folder.fetch()]
    assert isinstance(apnic, StatisticsFile)
    assert (apnic.registry, apnic.fetched_at, len(apnic.allocations)) == ("apnic", NOON, 1)
    assert isinstance(ripe, NoStatistics)
    assert "No such file" in (ripe.fault or "")


async def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "delegated-apnic-extended-latest").write_text(FILE)
    folder = StatisticsFolder(tmp_path, StoppedClock(), ("apnic",), largest=len(FILE) - 1)
    (apnic,) = [one async for one in folder.fetch()]
    assert isinstance(apnic, NoStatistics)
    assert "larger than" in (apnic.fault or "")
