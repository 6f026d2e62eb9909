"""Trust, 4.1: a body of 64 kB costs about the same, whatever is in it.

Counted in calls of functions: 64 kB of one text take fewer than 500.
"""

import cProfile
import pstats
from contextlib import suppress

import pytest

from byoip.api.border.bodies import parse_body
from byoip.api.border.refusals import BODY_LIMIT, Refusals
from byoip.api.claims.prefix_schemas import NewPrefix
from byoip.domain.errors import Refusal

UNSAFE = b'"\\u0000"'


def _filled(before: bytes, one: bytes, after: bytes) -> bytes:
    room = BODY_LIMIT - len(before) - len(after)
    return before + b",".join([one] * (room // (len(one) + 1))) + after


def _members() -> bytes:
    return b"{" + b",".join(b'"%d":1' % number for number in range(6000)) + b"}"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_filled(b'{"a":' + b"[" * 900, UNSAFE, b"]" * 900 + b"}"), id="deep"),
        pytest.param(_filled(b'{"a":[', UNSAFE, b"]}"), id="unsafe texts"),
        pytest.param(_filled(b'{"a":' * 900 + b"[", b'{"":0}', b"]" + b"}" * 900), id="objects"),
        pytest.param(_filled(b'{"a":[', b'""', b"]}"), id="texts"),
        pytest.param(_filled(b'{"a":[', b"[]", b"]}"), id="lists"),
        pytest.param(_members(), id="unknown members"),
    ],
)
def test_no_body_costs_more_than_its_bytes(body: bytes) -> None:
    assert len(body) <= BODY_LIMIT
    profile = cProfile.Profile()
    with suppress(Refusal, Refusals), profile:
        parse_body(NewPrefix, body)
        pytest.fail("it was taken")
    stats: dict[object, tuple[int, int, float, float, object]] = vars(pstats.Stats(profile))[
        "stats"
    ]
    hooks = body.count(b"{")  # the parser calls for each object, which no limit can avoid
    calls = sum(called for _, called, *_ in stats.values())
    assert calls < 20_000 + 5 * hooks
