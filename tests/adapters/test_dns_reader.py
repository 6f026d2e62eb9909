"""Our reader of DNS messages, judged by dnspython; what it costs stands in tests/trust."""

import random
from contextlib import suppress
from typing import Any

import dns.edns
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.adapters.checks.dns_message import (
    Address,
    Data,
    Ds,
    ExtendedError,
    Kind,
    Message,
    Name,
    Question,
    Record,
    Soa,
    Target,
    Txt,
)
from byoip.adapters.checks.dns_reader import MOST_PARTS, TooMuch, Unreadable, read
from tests.adapters.dns_samples import DATA_AT, NAME_AT, answer_of, random_message, record

ZONE = b"\x07example\0"


def judged(wire: bytes) -> Message:
    """What dnspython reads, in our words."""
    message = dns.message.from_wire(wire)
    (asked,) = message.question
    errors = [one for one in message.options if isinstance(one, dns.edns.EDEOption)]
    return Message(
        id=message.id,
        flags=int(message.flags),
        rcode=int(message.rcode()),
        question=Question(_name(asked.name), int(asked.rdtype), int(asked.rdclass)),
        answer=_section(message.answer),
        authority=_section(message.authority),
        additional=_section(message.additional),
        errors=tuple(ExtendedError(int(one.code), one.text or "") for one in errors),
    )


def _section(rrsets: list[dns.rrset.RRset]) -> tuple[Record, ...]:
    return tuple(
        Record(_name(rrset.name), int(rrset.rdtype), _data(data))
        for rrset in rrsets
        for data in rrset
    )


def _name(name: dns.name.Name) -> Name:
    return Name(name.canonicalize().to_wire() or b"")


def _data(data: Any) -> Data | None:
    match data.rdtype:
        case dns.rdatatype.TXT:
            return Txt(b"".join(data.strings))
        case dns.rdatatype.CNAME | dns.rdatatype.DNAME | dns.rdatatype.NS:
            return Target(_name(data.target))
        case dns.rdatatype.SOA:
            return Soa(_name(data.mname), _name(data.rname), data.serial)
        case dns.rdatatype.A | dns.rdatatype.AAAA:
            return Address(data.to_wire())
        case dns.rdatatype.DS:
            return Ds(data.key_tag, data.algorithm, data.digest_type, data.digest)
        case _:
            return None


def in_any_order(message: Message) -> tuple[object, ...]:
    """A message to compare: records of a section are a set (RFC 2181, section 5)."""
    sections = [frozenset(one) for one in (message.answer, message.authority, message.additional)]
    header = (message.id, message.flags, message.rcode, message.question, message.errors)
    return (*header, *sections)


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(500), id="five hundred"),
        pytest.param(
            range(500, 100_500),
            id="a hundred thousand",
            marks=[pytest.mark.long, pytest.mark.timeout(3600)],
        ),
    ],
)
def test_it_reads_what_dnspython_reads(seeds: range) -> None:
    for seed in seeds:
        wire = random_message(random.Random(seed))  # noqa: S311 - tests must repeat
        assert in_any_order(read(wire)) == in_any_order(judged(wire)), seed


@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255))))
def test_damaged_bytes_end_as_a_message_or_as_unreadable(
    seed: int, damage: list[tuple[int, int]]
) -> None:
    wire = bytearray(random_message(random.Random(seed)))  # noqa: S311 - tests must repeat
    for place, byte in damage:
        wire[place % len(wire)] = byte
    with suppress(Unreadable):
        read(bytes(wire))


@given(st.binary(max_size=100))
def test_noise_ends_as_a_message_or_as_unreadable(noise: bytes) -> None:
    with suppress(Unreadable):
        read(noise)


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        pytest.param(b"", "over the end", id="nothing"),
        pytest.param(answer_of(record(16, b"\1a"))[:-1], "over the end", id="cut short"),
        pytest.param(answer_of(record(16, b"\1a")) + b"x", "follows", id="something behind it"),
        pytest.param(answer_of(record(16, b"")), "text", id="text without a string"),
        pytest.param(answer_of(record(16, b"\2a")), "text", id="a string over its record's end"),
        pytest.param(answer_of(record(1, b"\1\2\3")), "over the end", id="three bytes of address"),
        pytest.param(answer_of(record(1, b"\1\2\3\4\5")), "as long", id="five bytes of address"),
        pytest.param(answer_of(record(2, b"\1a")), "not end", id="a name over its record's end"),
        pytest.param(answer_of(record(2, ZONE + b"x")), "as long", id="a byte behind a name"),
        pytest.param(answer_of(record(2, b"\x80\0")), "no known kind", id="a label of kind 10"),
        pytest.param(answer_of(record(2, b"\0", owner=b"\xff\xff")), "forward", id="far forward"),
        pytest.param(answer_of(record(2, b"\0", owner=NAME_AT)), "forward", id="at itself"),
        pytest.param(answer_of(record(2, b"\x3fa" * 5)), "not end", id="labels over the end"),
        pytest.param(answer_of(record(2, (b"\x3f" + b"a" * 63) * 4 + b"\0")), "long", id="257"),
        pytest.param(
            answer_of(record(2, b"\x01a" * 100 + b"\0"), record(2, b"\x01a" * 50 + DATA_AT)),
            "too long",
            id="301 bytes by a pointer",
        ),
        pytest.param(answer_of(record(41, b"", owner=b"\0")), "EDNS", id="EDNS as an answer"),
    ],
)
def test_what_is_no_message_is_unreadable_and_says_why(wire: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(wire)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(answer_of(*[record(1, b"\1\2\3\4")] * 129), id="records"),
        pytest.param(answer_of(record(16, b"\0" * (MOST_PARTS + 1))), id="strings"),
        pytest.param(answer_of(*[record(2, b"\1a" * 120 + b"\0")] * 9), id="labels"),
    ],
)
def test_more_than_any_check_needs_is_too_much(wire: bytes) -> None:
    with pytest.raises(TooMuch):
        read(wire)


def test_names_are_told_apart_by_labels_and_not_by_case() -> None:
    upper = record(2, b"\x02NS\x07Example\0")
    (found,) = read(answer_of(upper)).answer
    assert found.data == Target(Name(b"\x02ns" + ZONE))
    assert str(Name(b"\x02ns" + ZONE)) == "ns.example."
    assert str(Name(b"\x03a.\\\0")) == "a\\046\\092."
    assert str(Name(b"\0")) == "."


@pytest.mark.parametrize(
    ("name", "within"),
    [
        (b"\x07example\0", True),
        (b"\x02ns\x07example\0", True),
        (b"\0", False),
        (b"\x0aa\x07example\0x\0", False),
        (b"\x09a\x07example\0", False),  # one label that ends as the zone does
    ],
)
def test_within_a_zone_is_what_ends_in_its_labels(name: bytes, within: bool) -> None:
    assert Name(name).is_within(Name(ZONE)) is within


def test_of_another_class_nothing_is_read() -> None:
    assert read(answer_of(record(Kind.A, b"chaos", record_class=3))).answer == ()
