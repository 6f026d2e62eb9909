"""Trust, 4.1: a body of 64 kB costs about the same, whatever is in it.

Counted in calls of functions: 64 kB of one text take fewer than 500.
"""

import cProfile
import pstats
from contextlib import suppress

import pytest
from starlette.requests import Request

from byoip.api.border.bodies import parse_body
from byoip.api.border.refusals import BODY_LIMIT, MalformedForm, Refusals
from byoip.api.border.upload_form import Form, parser_of
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
    hooks = body.count(b"{")  # the parser calls for each object, which no limit can avoid
    assert _calls(profile) < 20_000 + 5 * hooks


@pytest.mark.parametrize("parameters", ['; a="' + ";" * 60_000, ";a" * 30_000, ';"' * 30_000])
def test_no_kind_of_form_costs_more_than_another(parameters: str) -> None:
    kind = f"multipart/form-data{parameters}".encode()
    request = Request({"type": "http", "headers": [(b"content-type", kind)]})
    profile = cProfile.Profile()
    with profile, pytest.raises(MalformedForm):
        parser_of(request, Form("a"))
    assert _calls(profile) < 10_000


def _calls(profile: cProfile.Profile) -> int:
    stats: dict[object, tuple[int, int, float, float, object]] = vars(pstats.Stats(profile))[
        "stats"
    ]
    return sum(called for _, called, *_ in stats.values())
