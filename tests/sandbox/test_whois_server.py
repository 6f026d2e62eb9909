import asyncio
from collections.abc import AsyncIterator

import pytest

from byoip.sandbox.irr_objects import NotRpslError
from byoip.sandbox.whois_server import IrrFault, WhoisServer
from tests.announcing import until

ROUTE = b"""\
route:   192.0.2.0/24
descr:   Example
         token: abc # aside
origin:  AS64500
mnt-by:  M
source:  RIPE
"""


@pytest.fixture
async def server() -> AsyncIterator[WhoisServer]:
    running = WhoisServer()
    await running.start()
    yield running
    await running.stop()


async def ask(server: WhoisServer, *lines: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode("latin-1")


async def exact(server: WhoisServer, prefix: str, *, source: str = "RIPE") -> str:
    return await ask(server, f"-r -B -G -x -s {source} -T route {prefix}")


async def test_an_object_comes_back_as_it_was_put(server: WhoisServer) -> None:
    assert server.put("RIPE", ROUTE) == [("route", "192.0.2.0/24AS64500")]
    answer = await exact(server, "192.0.2.0/24")
    assert ROUTE.decode() in answer
    assert answer.startswith("% This is the byoip sandbox, not a registry.\n")
    assert answer.endswith("% This query was served by the byoip sandbox (loopback)\n\n\n")


async def test_nothing_there_is_said_as_ripe_says_it(server: WhoisServer) -> None:
    assert "\n%ERROR:101: no entries found\n" in await exact(server, "192.0.2.0/24")


async def test_the_same_class_and_key_replace_and_others_are_added(server: WhoisServer) -> None:
    server.put("RIPE", ROUTE)
    server.put("RIPE", ROUTE.replace(b"Example", b"Replaced").replace(b"AS64500", b"as64500"))
    server.put("RIPE", ROUTE.replace(b"Example", b"Another").replace(b"AS64500", b"AS64501"))
    answer = await exact(server, "192.0.2.0/24")
    assert "Example" not in answer
    assert "Replaced" in answer
    assert "Another" in answer


async def test_sources_are_apart(server: WhoisServer) -> None:
    server.put("RIPE", ROUTE)
    assert "ERROR:101" in await exact(server, "192.0.2.0/24", source="APNIC")


@pytest.mark.parametrize("key", ["192.0.2.0/24AS64500", "192.0.2.0/24as64500"])
async def test_one_object_is_deleted_by_class_and_key(server: WhoisServer, key: str) -> None:
    server.put("RIPE", ROUTE)
    assert not server.delete("RIPE", "route6", key)
    assert not server.delete("ARIN", "route", key)
    assert server.delete("ripe", "route", key)
    assert not server.delete("RIPE", "route", key)
    assert "ERROR:101" in await exact(server, "192.0.2.0/24")


async def test_keys_of_holders_may_be_written_with_or_without_blanks(server: WhoisServer) -> None:
    assert server.put("RIPE", b"inetnum: 192.0.2.0 - 192.0.2.255\nsource: RIPE") == [
        ("inetnum", "192.0.2.0-192.0.2.255")
    ]
    assert server.delete("RIPE", "inetnum", "192.0.2.0 - 192.0.2.255")
    server.put("RIPE", b"inet6num: 2001:0DB8::/32\nsource: RIPE")
    assert server.delete("RIPE", "inet6num", "2001:db8::/32")


async def test_everything_is_cleared(server: WhoisServer) -> None:
    server.put("RIPE", ROUTE)
    server.clear()
    assert "ERROR:101" in await exact(server, "192.0.2.0/24")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(b"", "no object", id="nothing"),
        pytest.param(b"% a comment\n", "not an object", id="only words of a server"),
        pytest.param(b"hello there\n", "not an object", id="no attribute"),
        pytest.param(ROUTE + b"broken line\n", "not an object", id="a broken line"),
        pytest.param(b"route: 192.0.2.0/24\norigin: AS1\n", "has no source", id="no source"),
        pytest.param(b"route: 192.0.2.1/24\norigin: AS1\nsource: R\n", "host bits", id="host bits"),
        pytest.param(b"route: 2001:db8::/32\norigin: AS1\nsource: R\n", "family", id="family"),
        pytest.param(b"route: 192.0.2.0/24\nsource: R\n", "needs one origin", id="no origin"),
        pytest.param(b"route: 192.0.2.0/24\norigin: 1\nsource: R\n", "needs one", id="bad origin"),
        pytest.param(b"inetnum: 192.0.2.9 - 192.0.2.1\nsource: R\n", "range", id="backwards"),
        pytest.param(ROUTE + b"\nnonsense", "not an object", id="the second of two"),
    ],
)
async def test_what_is_not_rpsl_is_refused_whole(
    server: WhoisServer, text: bytes, why: str
) -> None:
    with pytest.raises(NotRpslError, match=why):
        server.put("RIPE", text)
    assert "ERROR:101" in await exact(server, "192.0.2.0/24")


async def test_without_a_flag_the_smallest_object_around_is_found(server: WhoisServer) -> None:
    for ends in (
        "192.0.0.0 - 192.0.255.255",
        "192.0.2.0 - 192.0.3.255",
        "0.0.0.0 - 255.255.255.255",
    ):
        server.put("RIPE", f"inetnum: {ends}\nsource: RIPE\n".encode())
    answer = await ask(server, "-r -B -G -s RIPE -T inetnum 192.0.2.0/24")
    assert [line for line in answer.splitlines() if line.startswith("inetnum")] == [
        "inetnum: 192.0.2.0 - 192.0.3.255"
    ]


async def test_flags_and_keys_that_ripe_does_not_have_are_errors(server: WhoisServer) -> None:
    assert "%ERROR:111" in await ask(server, "-B -y -s RIPE 192.0.2.0/24")
    assert "%ERROR:115" in await ask(server, "-B -x -s RIPE -T route nonsense")


async def test_irrd_frames_its_answers_with_their_length(server: WhoisServer) -> None:
    server.put("ARIN", ROUTE)
    answer = await ask(server, "!!", "!sARIN", "!r192.0.2.0/24", "!r192.0.2.0/25", "!q")
    assert answer == f"C\nA{len(ROUTE)}\n{ROUTE.decode()}C\nD\n"


async def test_a_connection_to_irrd_ends_after_one_answer(server: WhoisServer) -> None:
    assert await ask(server, "!sARIN", "!r192.0.2.0/24") == "C\n"


@pytest.mark.parametrize("fault", [IrrFault.EMPTY, IrrFault.REFUSED, IrrFault.GARBAGE])
async def test_a_fault_lasts_until_told_otherwise(server: WhoisServer, fault: IrrFault) -> None:
    server.put("RIPE", ROUTE)
    server.fault = fault
    first, second = await exact(server, "192.0.2.0/24"), await exact(server, "192.0.2.0/24")
    assert first == second
    assert "AS64500" not in first
    server.fault = None
    assert "AS64500" in await exact(server, "192.0.2.0/24")


async def test_a_refusal_counts_as_access_denied(server: WhoisServer) -> None:
    server.fault = IrrFault.REFUSED
    assert (await exact(server, "192.0.2.0/24")).startswith("%ERROR:201: access denied")
    assert await ask(server, "!!") == "%% Access denied"


async def test_a_reset_is_one(server: WhoisServer) -> None:
    server.fault = IrrFault.RESET
    with pytest.raises(ConnectionResetError):
        await exact(server, "192.0.2.0/24")


async def test_a_line_without_end_ends_the_conversation_only(server: WhoisServer) -> None:
    server.put("RIPE", ROUTE)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"x" * 100_000)
    try:
        assert await reader.read() == b""
    except ConnectionResetError:
        pass  # the other half of the line was still on its way
    finally:
        writer.transport.abort()
    assert "AS64500" in await exact(server, "192.0.2.0/24")


async def test_stopping_ends_conversations_that_wait(server: WhoisServer) -> None:
    server.fault = IrrFault.TIMEOUT
    waiting = asyncio.create_task(exact(server, "192.0.2.0/24"))
    await until(lambda: bool(server._talking))
    assert not waiting.done()
    await server.stop()
    assert await waiting == ""


async def test_kinds_of_fault_that_make_no_sense_here_are_refused() -> None:
    with pytest.raises(ValueError, match="servfail"):
        IrrFault("servfail")
