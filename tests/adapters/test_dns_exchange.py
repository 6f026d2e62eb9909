"""Whatever bytes come, reading them ends in a value, and soon."""

import time

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.adapters.checks import dns_answer
from byoip.adapters.checks.dns_exchange import (
    Answered,
    NotAnswered,
    ask_for,
    has_route,
    name_from,
    understood,
)
from byoip.adapters.checks.dns_message import Kind
from byoip.domain.checks.evidence import Fault

OWNER = dns.name.from_text("byoip-validation.2.0.192.in-addr.arpa.")
QUESTION = ask_for(name_from(str(OWNER)), Kind.TXT, flags=0x0100)
KINDS = ("TXT", "NS", "SOA", "CNAME", "DNAME", "A", "AAAA", "OPT", "TSIG", "RRSIG", "SVCB")


def records(kinds: list[str], data: bytes) -> bytes:
    """Records of these types at the owner name, all with the same data."""
    length = len(data).to_bytes(2, "big")
    return b"".join(
        b"\xc0\x0c"
        + dns.rdatatype.from_text(kind).to_bytes(2, "big")
        + b"\0\1\0\0\0\0"
        + length
        + data
        for kind in kinds
    )


@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=4),
    data=st.binary(max_size=60),
    flags=st.integers(0, 0xFFFF),
    sections=st.permutations([True, False, False]),
)
def test_no_bytes_make_it_raise(
    kinds: list[str], data: bytes, flags: int, sections: list[bool]
) -> None:
    counts = b"".join((len(kinds) * here).to_bytes(2, "big") for here in sections)
    wire = QUESTION.wire
    reply = understood(
        QUESTION,
        wire[:2] + flags.to_bytes(2, "big") + b"\0\1" + counts + wire[12:] + records(kinds, data),
    )
    if isinstance(reply, Answered):
        dns_answer.server_answer(
            reply.message, name_from(str(OWNER)), name_from("192.in-addr.arpa.")
        )
        dns_answer.apex(reply.message, name_from(str(OWNER)))
        dns_answer.name_servers(reply.message, name_from(str(OWNER)))
        dns_answer.addresses(reply.message, name_from(str(OWNER)))
        dns_answer.told_addresses(reply.message, name_from(str(OWNER)))
        dns_answer.proven_bogus(reply.message)


@given(st.binary(max_size=100))
def test_noise_is_garbage(noise: bytes) -> None:
    reply = understood(QUESTION, QUESTION.wire[:2] + b"\x84\0" + noise)
    assert isinstance(reply, NotAnswered)
    assert reply.wire


def test_the_dearest_message_that_is_parsed_costs_little() -> None:
    """The longest name, of 127 labels (RFC 1035, section 3.1), in every record."""
    response = dns.message.make_response(dns.message.from_wire(QUESTION.wire))
    values = [f"192.0.2.{i}" for i in range(126)]
    name = dns.name.Name([b"a"] * 126 + [b""])
    response.answer.append(dns.rrset.from_text_list(name, 0, "IN", "A", values))
    wire = response.to_wire(max_size=65535)
    start = time.process_time()
    assert isinstance(understood(QUESTION, wire), Answered)
    assert time.process_time() - start < 0.5


def test_more_records_than_we_parse_are_not_parsed() -> None:
    response = dns.message.make_response(dns.message.from_wire(QUESTION.wire))
    values = [f"192.0.{i // 256}.{i % 256}" for i in range(200)]
    response.answer.append(dns.rrset.from_text(OWNER, 0, "IN", "A", *values))
    reply = understood(QUESTION, response.to_wire(max_size=65535))
    assert isinstance(reply, NotAnswered)
    assert reply.fault is Fault.TOO_LARGE


def test_this_machine_has_a_route_to_itself() -> None:
    assert has_route("127.0.0.1")
    assert not has_route("255.255.255.255")


@pytest.mark.parametrize("payload", [0, 1232])
def test_a_question_is_what_another_library_reads(payload: int) -> None:
    asked = ask_for(
        name_from("byoip-validation.2.0.192.in-addr.arpa."), Kind.TXT, flags=0x0120, payload=payload
    )
    read = dns.message.from_wire(asked.wire)
    (question,) = read.question
    assert (question.name, int(question.rdtype), int(question.rdclass)) == (OWNER, 16, 1)
    assert (read.id, int(read.flags)) == (asked.id, 0x0120)
    assert (read.edns, read.payload, read.ednsflags) == (
        (0, payload, 0x8000) if payload else (-1, 0, 0)
    )


def test_ids_of_questions_are_not_foreseen() -> None:
    ids = {ask_for(name_from("."), Kind.SOA, flags=0).id for _ in range(1000)}
    assert len(ids) > 950
    assert max(ids) > 60000
    assert min(ids) < 5000
