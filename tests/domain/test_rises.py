"""The breaker of levels: what one account and the others may bring in a day."""

from collections.abc import Sequence

import pytest

from byoip.domain.watch.rises import may_rise


@pytest.mark.parametrize(
    ("own", "others", "prefixes", "may"),
    [
        (4, [], 0, True),
        (5, [], 0, False),
        # One account's flood leaves more than half to each other one.
        (0, [5], 0, True),
        (2, [900], 0, True),
        (3, [900], 0, False),
        (9, [900], 1000, True),
        (10, [900], 1000, False),
        # Many accounts together: the limit is for all of them.
        (0, [1] * 4, 0, True),
        (0, [1] * 5, 0, False),
        (0, [2, 2], 0, True),
        (0, [3, 3, 1], 0, False),
        (0, [10, 10], 1000, False),
        # What an account has itself counts whole, whoever else rose.
        (900, [], 1000, False),
    ],
)
def test_an_account_may_rise(own: int, others: Sequence[int], prefixes: int, *, may: bool) -> None:
    assert may_rise(own, others, prefixes) is may
