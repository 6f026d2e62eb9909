"""What `dns_reader` makes of a DNS message: what the checks look at, in small frozen types."""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

_ROOT: Final = b"\0"
# What a name may show as it is; every other byte is written \DDD (RFC 1035, section 5.1).
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_/*")
_TEXT: Final = [chr(byte) if byte in _PLAIN else f"\\{byte:03}" for byte in range(256)]


class Kind(IntEnum):
    """The types of records whose data is read (IANA, DNS parameters)."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    TXT = 16
    AAAA = 28
    DNAME = 39
    OPT = 41
    DS = 43


@dataclass(frozen=True, slots=True)
class Name:
    """A domain name; letters of either case are the same (RFC 4343).

    Attributes:
        wire: its labels in lower case, each behind its length, to the root's (RFC 1035, 3.1).
    """

    wire: bytes

    def __str__(self) -> str:
        return _text(self.wire)

    @property
    def parent(self) -> "Name":
        """The name without its first label; the root is its own."""
        return self if self.wire == _ROOT else Name(self.wire[1 + self.wire[0] :])

    def is_within(self, zone: "Name") -> bool:
        """Whether it is the zone's name, or below it."""
        if not self.wire.endswith(zone.wire):
            return False
        at, start = 0, len(self.wire) - len(zone.wire)
        while at < start:
            at += 1 + self.wire[at]
        return at == start


@lru_cache(maxsize=10_000)
def _text(wire: bytes) -> str:
    """Kept for a while: a look shows a dozen names, each of them many times."""
    labels, at = [], 0
    while length := wire[at]:
        labels.append("".join(_TEXT[byte] for byte in wire[at + 1 : at + 1 + length]))
        at += 1 + length
    return "".join(f"{label}." for label in labels) or "."


@dataclass(frozen=True, slots=True)
class Txt:
    """The data of a TXT record, its strings joined."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """The data of CNAME, DNAME and NS."""

    name: Name


@dataclass(frozen=True, slots=True)
class Soa:
    """What names a zone's version; the times are not read."""

    primary: Name
    mailbox: Name
    serial: int


@dataclass(frozen=True, slots=True)
class Address:
    """The data of A (4 bytes) and AAAA (16 bytes)."""

    packed: bytes

    def __str__(self) -> str:
        return str(ip_address(self.packed))


@dataclass(frozen=True, slots=True)
class Ds:
    """The data of DS (RFC 4034, section 5.1)."""

    key_tag: int
    algorithm: int
    digest_type: int
    digest: bytes


Data = Txt | Target | Soa | Address | Ds


@dataclass(frozen=True, slots=True)
class Record:
    """One record of class IN.

    Attributes:
        kind: its type, which need not be one of `Kind`.
        data: None for every other type.
    """

    name: Name
    kind: int
    data: Data | None


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked."""

    name: Name
    kind: int
    asked_class: int


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """Why a server failed, in its own words (RFC 8914)."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """A DNS message (RFC 1035, section 4.1), with what EDNS adds to it (RFC 6891).

    Attributes:
        flags: the header's, opcode and rcode among them.
        rcode: the extended one.
        question: None where a server repeats none.
        errors: extended ones.
    """

    id: int
    flags: int
    rcode: int
    question: Question | None
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    errors: tuple[ExtendedError, ...]
