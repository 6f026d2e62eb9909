import json
from collections.abc import AsyncIterator

import pytest

from byoip.api.border.bodies import parse_body
from byoip.api.border.refusals import BODY_LIMIT, MalformedJson, Refusals
from byoip.api.claims.prefix_schemas import NewPrefix, PrefixChange
from tests.api.world import World


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b'{"description": "x"} {}', id="two texts"),
        pytest.param(b"{'description': 'x'}", id="single quotes"),
        pytest.param(b'{"description": "x", "description": "y"}', id="a member named twice"),
        pytest.param(b'{"description": NaN}', id="NaN"),
        pytest.param(b'{"description": -Infinity}', id="infinity"),
        pytest.param(b'{"description": "\xff"}', id="not UTF-8"),
        pytest.param('{"description": "x"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'\xef\xbb\xbf{"description": "x"}', id="byte order mark"),
        pytest.param(b"[" * 60_000, id="very deep"),
        pytest.param(b'{"description": ' + b"9" * 60_000 + b"}", id="very many digits"),
        pytest.param(b'{"description": "a\x00b"}', id="a bare control character"),
    ],
)
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse_body(PrefixChange, raw)


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        pytest.param(b'{"description": "a\\u0000b"}', "/description", id="NUL"),
        pytest.param(b'{"description": "\\ud800"}', "/description", id="half a pair"),
        pytest.param(b'{"description": "x", "a~/b": ["\\udfff"]}', "/a~0~1b/0", id="deeper"),
        pytest.param(b'{"x\\u0000": 1}', "", id="in a name"),
    ],
)
def test_text_that_cannot_be_kept_is_refused_where_it_stands(raw: bytes, pointer: str) -> None:
    with pytest.raises(Refusals) as refused:
        parse_body(PrefixChange, raw)
    assert [one.pointer for one in refused.value.refusals] == [pointer]


def test_a_whole_surrogate_pair_is_text() -> None:
    assert parse_body(PrefixChange, b'{"description": "\\ud83d\\ude00"}').description == "😀"


def test_no_refusal_echoes_what_was_sent() -> None:
    body = {"cidr": 1, "asn": "hunter2", "delegate_loa_creation": "hunter2", "loa_document_id": "x"}
    with pytest.raises(Refusals) as refused:
        parse_body(NewPrefix, json.dumps(body).encode())
    assert len(refused.value.refusals) == 4
    assert not [one for one in refused.value.refusals if "hunter2" in one.message]


def test_the_number_of_errors_shown_is_bounded() -> None:
    body = {f"member{number}": 1 for number in range(500)}
    with pytest.raises(Refusals) as refused:
        parse_body(PrefixChange, json.dumps(body).encode())
    assert len(refused.value.refusals) == 20


async def test_a_large_body_is_refused_by_its_declared_length(world: World) -> None:
    body = json.dumps({"cidr": "31.0.0.0/23", "asn": 64500, "description": "x" * BODY_LIMIT})
    assert await world.errors(
        "POST", "/prefixes", content=body, headers={"content-type": "application/json"}
    ) == [(413, "body_too_large", "")]


async def test_a_large_body_is_refused_while_it_streams_in(world: World) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 10_000

    assert await world.errors(
        "POST", "/prefixes", content=endless(), headers={"content-type": "application/json"}
    ) == [(413, "body_too_large", "")]
    assert sent < 10


async def test_a_stranger_gets_no_body_read(world: World) -> None:
    read = False

    async def noticed() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield b"{}"

    response = await world.client.post(world.url("/prefixes"), content=noticed())
    assert (response.status_code, read) == (401, False)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, id="curl -d"),
        pytest.param({"content-type": "text/json"}, id="nearly"),
        pytest.param({}, id="none"),
        pytest.param(
            {"content-type": "application/json", "content-encoding": "gzip"}, id="compressed"
        ),
    ],
)
async def test_a_body_of_another_kind_is_415(world: World, headers: dict[str, str]) -> None:
    assert await world.errors("POST", "/prefixes", content=b"{}", headers=headers) == [
        (415, "unsupported_media_type", "")
    ]


async def test_malformed_json_is_400(world: World) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    assert await world.errors("POST", "/prefixes", content=b"{", headers=headers) == [
        (400, "malformed_json", "")
    ]


async def test_unsafe_text_is_422_and_not_our_fault(world: World) -> None:
    for text in ("a\x00b", "\ud800"):
        for member in ("description", "cidr"):
            body = {"cidr": "31.0.0.0/23", "asn": 64500, member: text}
            assert await world.errors(
                "POST",
                "/prefixes",
                content=json.dumps(body),
                headers={"content-type": "application/json"},
            ) == [(422, "field_invalid", f"/{member}")]
