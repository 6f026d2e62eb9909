"""Seeds of tests that throw dice: a few in every run, more in `make test-long`."""

from typing import Any

import pytest


def seeds(few: int, *, soak: int) -> list[Any]:
    return [*range(few), *(pytest.param(one, marks=pytest.mark.long) for one in range(few, soak))]
