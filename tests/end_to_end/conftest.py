from collections.abc import Iterator

import pytest

from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import Running, up


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    """One service for the tests that only use it."""
    with directory_open_to_all(fast_place()) as directory, up(directory) as running:
        yield running
