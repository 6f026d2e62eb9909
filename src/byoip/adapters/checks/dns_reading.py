"""Bytes to a `Message`, by dnspython: the one place that parses DNS messages."""

from ipaddress import ip_address

import dns.edns
import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.DNAME
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rrset

from byoip.adapters.checks.dns_message import (
    Address,
    Data,
    ExtendedError,
    Message,
    Name,
    Question,
    Record,
    Soa,
    Target,
    Txt,
)

_MOST_RECORDS = 128  # parsing costs up to 0.5 ms each
_SMALLEST_RECORD = 5


class Unreadable(Exception):  # noqa: N818 - it says what the bytes are
    """The bytes are not a DNS message."""


class TooMuch(Unreadable):
    """It may be a DNS message, with more in it than any check needs."""


def read(wire: bytes) -> Message:
    """Read one message, to its last byte.

    Raises:
        TooMuch: more than 128 records.
        Unreadable: it is no DNS message.
    """
    counts = [int.from_bytes(wire[at : at + 2], "big") for at in (4, 6, 8, 10)]
    records = min(sum(counts), len(wire) // _SMALLEST_RECORD)
    if records > _MOST_RECORDS:
        raise TooMuch(f"it has {records} records")
    try:
        parsed = dns.message.from_wire(wire)
    except dns.exception.DNSException as fault:
        raise Unreadable(type(fault).__name__) from None
    questions = [
        Question(_name(one.name), int(one.rdtype), int(one.rdclass)) for one in parsed.question
    ]
    if len(questions) > 1:
        raise Unreadable("it has several questions")
    errors = [one for one in parsed.options if isinstance(one, dns.edns.EDEOption)]
    return Message(
        id=parsed.id,
        flags=int(parsed.flags),
        rcode=int(parsed.rcode()),
        question=questions[0] if questions else None,
        answer=_records(parsed.answer),
        authority=_records(parsed.authority),
        additional=_records(parsed.additional),
        errors=tuple(ExtendedError(int(one.code), one.text or "") for one in errors),
    )


def _records(section: list[dns.rrset.RRset]) -> tuple[Record, ...]:
    return tuple(
        Record(_name(rrset.name), int(rrset.rdtype), _data(record))
        for rrset in section
        if rrset.rdclass == dns.rdataclass.IN
        for record in rrset
    )


def _data(record: object) -> Data | None:
    match record:
        case dns.rdtypes.ANY.TXT.TXT():
            return Txt(b"".join(record.strings))
        case dns.rdtypes.ANY.CNAME.CNAME() | dns.rdtypes.ANY.DNAME.DNAME():
            return Target(_name(record.target))
        case dns.rdtypes.ANY.NS.NS():
            return Target(_name(record.target))
        case dns.rdtypes.ANY.SOA.SOA():
            return Soa(_name(record.mname), _name(record.rname), record.serial)
        case dns.rdtypes.IN.A.A() | dns.rdtypes.IN.AAAA.AAAA():
            return Address(ip_address(record.address).packed)
        case _:
            return None


def _name(name: dns.name.Name) -> Name:
    return Name(name.to_digestable())
