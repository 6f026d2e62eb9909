"""DNS messages to read: random valid ones by a seed, and the costly ones that hostile servers send.

All sizes are bytes. dnspython writes the random ones, so it compresses names as servers do.
"""

import random
import struct
from collections.abc import Sequence

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

KINDS = ("A", "AAAA", "CNAME", "DNAME", "NS", "SOA", "TXT", "DS", "MX", "HINFO", "TYPE65280")
OWNER = dns.name.from_text("byoip-validation.2.0.192.in-addr.arpa.")
LARGEST = 4096
LONGEST_NAME = 255

_OWNER_WIRE = OWNER.to_wire() or b""
_QUESTION = _OWNER_WIRE + b"\0\x10\0\1"
# A pointer to where the first record begins.
NAME_AT = bytes([0xC0, 12 + len(_QUESTION)])
DATA_AT = bytes([0xC0, 24 + len(_QUESTION)])  # and to its data


def record(kind: int, data: bytes, *, owner: bytes = b"\xc0\x0c", record_class: int = 1) -> bytes:
    """A record in wire form, of the name that is asked for."""
    return owner + struct.pack("!HHIH", kind, record_class, 0, len(data)) + data


def answer_of(*records: bytes, additional: Sequence[bytes] = ()) -> bytes:
    """An answer with authority to the question for the owner's TXT records."""
    counts = struct.pack("!4H", 1, len(records), 0, len(additional))
    return b"\x12\x34\x84\0" + counts + _QUESTION + b"".join((*records, *additional))


def random_message(chance: random.Random) -> bytes:
    """A valid answer with up to 12 sets of records, most of them of types that are read."""
    names = [_name(chance) for _ in range(4)]
    names += [_below(chance, chance.choice(names)) for _ in range(3)]
    message = dns.message.make_response(
        dns.message.make_query(chance.choice(names), chance.choice(KINDS[:8])),
        recursion_available=True,
    )
    message.flags |= chance.choice((0, dns.flags.AA, dns.flags.AD, dns.flags.TC))
    for section in (message.answer, message.authority, message.additional):
        for _ in range(chance.randrange(5)):
            _add(chance, message, section, names)
    if chance.random() < 0.7:
        message.use_edns(
            0, payload=1232, options=[_option(chance) for _ in range(chance.randrange(3))]
        )
        message.set_rcode(dns.rcode.Rcode(chance.choice((0, 2, 3, 5, 16, 23))))
    else:
        message.set_rcode(dns.rcode.Rcode(chance.choice((0, 2, 3, 5))))
    return message.to_wire(max_size=65535)


def _add(
    chance: random.Random,
    message: dns.message.Message,
    section: list[dns.rrset.RRset],
    names: list[dns.name.Name],
) -> None:
    kind = dns.rdatatype.from_text(chance.choice(KINDS))
    rrset = message.find_rrset(section, chance.choice(names), dns.rdataclass.IN, kind, create=True)
    for _ in range(chance.randrange(1, 4)):
        data = _data(chance, dns.rdatatype.to_text(kind), names)
        rrset.add(dns.rdata.from_wire("IN", kind, data, 0, len(data)), ttl=chance.randrange(2**31))


def _data(chance: random.Random, kind: str, names: list[dns.name.Name]) -> bytes:
    target = chance.choice(names).to_wire() or b""
    other = chance.choice(names).to_wire() or b""
    made = {
        "A": chance.randbytes(4),
        "AAAA": chance.randbytes(16),
        "TXT": b"".join(_string(chance) for _ in range(chance.randrange(1, 4))),
        "SOA": target + other + chance.randbytes(20),
        "DS": chance.randbytes(3) + b"\2" + chance.randbytes(32),
        "MX": chance.randbytes(2) + target,
        "HINFO": _string(chance) + _string(chance),
        "TYPE65280": chance.randbytes(chance.randrange(40)),
    }
    return made.get(kind, target)


def _string(chance: random.Random) -> bytes:
    length = chance.choice((0, 1, 20, 255))
    return bytes([length]) + chance.randbytes(length)


def _name(chance: random.Random) -> dns.name.Name:
    return _below(chance, dns.name.from_text(chance.choice(("in-addr.arpa.", "Example.", "."))))


def _below(chance: random.Random, name: dns.name.Name) -> dns.name.Name:
    """The name with up to six labels before it, of any bytes."""
    for _ in range(chance.randrange(7)):
        random_label = chance.randbytes(chance.choice((1, 1, 2, 8, 63)))
        label = chance.choice((b"Ns", b"a", random_label))
        if sum(1 + len(one) for one in (label, *name.labels)) <= LONGEST_NAME:
            name = dns.name.Name((label, *name.labels))
    return name


def _option(chance: random.Random) -> dns.edns.Option:
    if chance.random() < 0.5:
        return dns.edns.EDEOption(
            dns.edns.EDECode(chance.randrange(30)), chance.choice((None, "why", "é"))
        )
    return dns.edns.GenericOption(
        dns.edns.OptionType(65001), chance.randbytes(chance.randrange(20))
    )
