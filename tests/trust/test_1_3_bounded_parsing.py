"""Trust, 1.3: what hostile name servers send costs what honest answers of its size cost.

Operations are counted (bytecodes of Python), not seconds: machines differ, and have other work.
That our reader and dnspython agree on valid messages: tests/adapters/test_dns_reader.py.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import dns.message
import dns.rrset
import pytest

from byoip.adapters.checks.dns_exchange import ask_for, name_from, understood
from byoip.adapters.checks.dns_message import Kind
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import Silent, TxtValues
from tests.adapters.dns_samples import DATA_AT, LARGEST, OWNER, answer_of, record
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    NS1,
    NS2,
    RESOLVERS,
    TOKEN,
    ZONE,
    Script,
    Serve,
    honest,
    playing,
    serving,
)

TXT, NS, SOA, A, OPT, HIP, MX = 16, 2, 6, 1, 41, 55, 15
Wire = Callable[[int], bytes]


def operations(work: Callable[[], object]) -> int:
    """How many bytecodes it takes, in whatever module."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "opcode"
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


def reading(wire: bytes) -> Callable[[], object]:
    """Reading it as what came from a name server."""
    question = replace(ask_for(name_from(str(OWNER)), Kind.TXT, flags=0x0100), id=0x1234)
    return lambda: understood(question, wire)


def filled(one: bytes, size: int) -> bytes:
    """As many records as are read at most, or as fit."""
    return answer_of(*[one] * min(128, (size - len(answer_of())) // len(one)))


def delegation(size: int) -> bytes:
    """An honest answer: name servers with their addresses, as many as fit, names compressed."""
    response = dns.message.make_response(dns.message.make_query(OWNER, "TXT", id=0x1234))
    number = 0
    while len(response.to_wire(max_size=65535)) < size and number < 42:
        name = f"ns{number}.dns.network{number}.example."
        response.authority.append(dns.rrset.from_text(f"{number}.arpa.", 0, "IN", "NS", name))
        response.additional.append(dns.rrset.from_text(name, 0, "IN", "A", "192.0.2.1"))
        response.additional.append(dns.rrset.from_text(name, 0, "IN", "AAAA", "2001:db8::1"))
        number += 1
    return response.to_wire(max_size=65535)


def pointers(size: int) -> bytes:
    """A chain of pointers, each to the one before, in data that is skipped; names at its end."""
    start, count = int.from_bytes(DATA_AT, "big"), (size - 300) // 2
    chain = b"\0\0" + b"".join((start + 2 * at).to_bytes(2, "big") for at in range(count - 1))
    ends = [(start + 2 * (count - 1 - at)).to_bytes(2, "big") for at in range(8)]
    return answer_of(record(MX, chain), *[record(NS, end) for end in ends])


HOSTILE: dict[str, Wire] = {
    "HIP with root names": lambda size: answer_of(record(HIP, bytes(size - 100))),
    "EDNS options": lambda size: answer_of(
        additional=[record(OPT, b"\xff\xe9\0\0" * ((size - 100) // 4), owner=b"\0")]
    ),
    "extended errors": lambda size: answer_of(
        additional=[record(OPT, b"\0\x0f\0\2\0\6" * ((size - 100) // 6), owner=b"\0")]
    ),
    "empty strings": lambda size: answer_of(record(TXT, bytes(size - 100))),
    "strings of a byte": lambda size: answer_of(record(TXT, b"\1a" * ((size - 100) // 2))),
    "names of 127 labels": lambda size: filled(record(NS, b"\1a" * 126 + b"\0"), size),
    "owners of 127 labels": lambda size: filled(
        record(NS, b"\0", owner=b"\1a" * 126 + b"\0"), size
    ),
    "the smallest records": lambda size: filled(record(NS, b"\0", owner=b"\0"), size),
    "records of no known type": lambda size: filled(record(65280, b"", owner=b"\0"), size),
    "SOA with short names": lambda size: filled(
        record(SOA, b"\1a\0\1b\0" + bytes(20), owner=b"\1c\1d\0"), size
    ),
    "a chain of pointers": pointers,
}


@pytest.mark.parametrize("size", [1024, 2048, LARGEST])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_message_costs_at_most_twice_a_benign_one_of_its_size(
    kind: str, size: int
) -> None:
    hostile, benign = HOSTILE[kind](size), delegation(size)
    assert len(hostile) <= size
    dear, usual = operations(reading(hostile)), operations(reading(benign))
    started = time.process_time()
    reading(hostile)()
    spent = time.process_time() - started
    print(f"{kind}, {len(hostile)} bytes: {dear} operations ({usual}), {spent * 1e3:.2f} ms")  # noqa: T201 - a figure
    assert dear <= 2 * usual


def test_four_times_the_bytes_cost_at_most_five_times_the_work() -> None:
    for kind, wire in HOSTILE.items():
        small, large = (operations(reading(wire(size))) for size in (1024, LARGEST))
        assert large <= 5 * small, kind


def hostile_server(kind: str, size: int) -> Serve:
    def build(question: dns.message.Message) -> bytes:
        return question.id.to_bytes(2, "big") + HOSTILE[kind](size)[2:]

    return serving(build)


@pytest.mark.parametrize("kind", ["HIP with root names", "EDNS options", "empty strings"])
async def test_more_than_four_kilobytes_from_a_name_server_are_silence(kind: str) -> None:
    script = Script(serve={NS1: hostile_server(kind, 16_000), NS2: honest()})
    async with playing(script) as adapter:
        observed = await adapter.observe(ZONE, LABEL, ACCOUNT)
    large = Silent(Fault.TOO_LARGE, "an answer above 4096 bytes")
    assert [one.answer for one in observed.servers] == [large, TxtValues((TOKEN,))]


@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_hostile_answer_within_four_kilobytes_proves_anything(kind: str) -> None:
    script = Script(serve={NS1: hostile_server(kind, LARGEST), NS2: honest()})
    async with playing(script) as adapter:
        observed = await adapter.observe(ZONE, LABEL, ACCOUNT)
    first, second = observed.servers
    assert TOKEN not in getattr(first.answer, "values", ())
    assert second.answer == TxtValues((TOKEN,))


async def test_a_resolvers_answer_is_read_in_the_same_way() -> None:
    def resolve(question: dns.message.Message) -> list[bytes]:
        hostile = HOSTILE["empty strings"](LARGEST)
        return [question.id.to_bytes(2, "big") + hostile[2:]]

    async with playing(Script(resolve={RESOLVERS[0]: resolve})) as adapter:
        observed = await adapter.observe(ZONE, LABEL, ACCOUNT)
    assert isinstance(observed.resolver, Silent)
    assert observed.resolver.fault is Fault.TOO_LARGE
