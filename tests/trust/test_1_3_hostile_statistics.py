"""Trust, 1.3: a statistics file costs no more than its bytes, whatever its lines are."""

import tracemalloc
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from byoip.domain.checks import delegated_statistics as statistics

VERSION = "2|arin|20261102|1|19700101|20261102|+0000\n"


@pytest.mark.parametrize("line", ["\n", "# more\n", "arin|US|asn|1|1|20260101|assigned|x\n"])
def test_lines_that_say_nothing_are_read_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(statistics, "MOST_LINES", 1000)
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for one in chain([VERSION], repeat(line, 100_000)):
            read += 1
            yield one

    statistics.parse_statistics(lines(), "arin")
    assert read == 1000


def test_a_line_of_many_fields_is_not_taken_apart() -> None:
    line = "|" * 10_000_000
    tracemalloc.start()
    try:
        found = statistics.parse_statistics([VERSION, line], "arin")
        assert isinstance(found, statistics.UnreadableStatistics)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
