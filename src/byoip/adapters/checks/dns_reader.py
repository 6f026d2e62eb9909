"""Reads DNS messages of strangers: the work grows with the bytes, and stops at fixed counts.

General parsers understand every type, and some types and options cost a hundred times what others
do. Here data of types that no check looks at is skipped by its length. Every place of a message
is read at most once as part of a name: where later names point at it, it is known.
"""

from struct import Struct
from typing import Final

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

MOST_RECORDS: Final = 128
MOST_PARTS: Final = 1024  # labels, pointers, strings of text and EDNS options, all together

_HEADER: Final = Struct("!6H")
_QUESTION: Final = Struct("!2H")
_RECORD: Final = Struct("!2HIH")  # type, class, TTL, length
_OPTION: Final = Struct("!2H")
_DS: Final = Struct("!H2B")
_SERIAL_AND_TIMES: Final = Struct("!5I")

_IN: Final = 1
_LONGEST_LABEL: Final = 63
_POINTER: Final = 0xC0
_WHERE: Final = 0x3FFF
_ROOT: Final = b"\0"
_LONGEST_NAME: Final = 255
_ADDRESS_BYTES: Final[dict[int, int]] = {Kind.A: 4, Kind.AAAA: 16}
_ADDITIONAL: Final = 2
_EXTENDED_ERROR: Final = 15  # RFC 8914, section 2
_READ: Final = frozenset(Kind)


class Unreadable(Exception):  # noqa: N818 - it says what the bytes are
    """The bytes are not a DNS message; the text says where they depart from one."""


class TooMuch(Unreadable):
    """It may be a DNS message, with more in it than any check needs."""


def read(wire: bytes) -> Message:
    """Read one message, to its last byte.

    Raises:
        TooMuch: more than 128 records, or more than 1024 parts of names, texts and options.
        Unreadable: a field runs over its end, a name points forward or is too long, data does not
            fill its length, or something follows.
    """
    return _Reader(wire).message()


class _Reader:
    """A place in a message, and the names that were read before it."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._at = 0
        self._parts = 0
        self._lower = wire.lower()  # lengths of labels are below any letter
        self._names: dict[int, bytes] = {}  # in wire form, by the place of each label and pointer
        self._edns: int | None = None  # the TTL of OPT: extended rcode, version, flags
        self._errors: list[ExtendedError] = []

    def message(self) -> Message:
        ident, flags, questions, *counts = self._take(_HEADER)
        if questions > 1:
            raise Unreadable("it has several questions")  # RFC 9619, section 4
        if sum(counts) > MOST_RECORDS:
            raise TooMuch(f"it has {sum(counts)} records")
        question = self._question() if questions else None
        sections = [self._section(number, count) for number, count in enumerate(counts)]
        if self._at != len(self._wire):
            raise Unreadable("something follows it")
        return Message(
            id=ident,
            flags=flags,
            rcode=(flags & 0x0F) | ((self._edns or 0) >> 24 << 4),
            question=question,
            answer=sections[0],
            authority=sections[1],
            additional=sections[2],
            errors=tuple(self._errors),
        )

    def _question(self) -> Question:
        name = self._name(len(self._wire))
        kind, asked_class = self._take(_QUESTION)
        return Question(name, kind, asked_class)

    def _section(self, number: int, count: int) -> tuple[Record, ...]:
        found = (self._record(number) for _ in range(count))
        return tuple(record for record in found if record is not None)

    def _record(self, section: int) -> Record | None:
        """The next record; None for OPT, and for other classes than IN."""
        name = self._name(len(self._wire))
        kind, record_class, ttl, length = self._take(_RECORD)
        end = self._at + length
        if end > len(self._wire):
            raise Unreadable("a record runs over the end")
        data = None
        if kind == Kind.OPT:
            self._read_edns(name, section, ttl, end)
        elif kind in _READ and record_class == _IN:
            data = self._data(kind, end)
        else:
            self._at = end
        if self._at != end:
            raise Unreadable("a record's data is not as long as it says")
        return Record(name, kind, data) if record_class == _IN and kind != Kind.OPT else None

    def _data(self, kind: int, end: int) -> Data:
        match kind:
            case Kind.TXT:
                return self._text(end)
            case Kind.A | Kind.AAAA:
                return Address(self._bytes(_ADDRESS_BYTES[kind], end))
            case Kind.DS:
                tag, algorithm, digest_type = self._take(_DS, end)
                return Ds(tag, algorithm, digest_type, self._bytes(end - self._at, end))
            case Kind.SOA:
                primary, mailbox = self._name(end), self._name(end)
                return Soa(primary, mailbox, self._take(_SERIAL_AND_TIMES, end)[0])
            case _:
                return Target(self._name(end))

    def _text(self, end: int) -> Txt:
        wire, at = self._wire, self._at
        strings: list[bytes] = []
        while at < end:
            after = at + 1 + wire[at]
            strings.append(wire[at + 1 : after])
            at = after
        if at != end or not strings:
            raise Unreadable("a text is not as long as it says")
        self._count(len(strings))
        self._at = at
        return Txt(b"".join(strings))

    def _read_edns(self, name: Name, section: int, ttl: int, end: int) -> None:
        if section != _ADDITIONAL or self._edns is not None or len(name.wire) > 1:
            raise Unreadable("EDNS stands where it may not")  # RFC 6891, section 6.1.1
        self._edns = ttl
        options = self._options(end)
        self._count(len(options))
        self._errors = [
            ExtendedError(int.from_bytes(content[:2], "big"), content[2:].decode(errors="replace"))
            for code, content in options
            if code == _EXTENDED_ERROR
        ]

    def _options(self, end: int) -> list[tuple[int, bytes]]:
        """Code and content of each (RFC 6891, section 6.1.2)."""
        wire, at = self._wire, self._at
        options: list[tuple[int, bytes]] = []
        while at + _OPTION.size <= end:
            code, length = _OPTION.unpack_from(wire, at)
            after = at + _OPTION.size + length
            options.append((code, wire[at + _OPTION.size : after]))
            at = after
        if at != end:
            raise Unreadable("an EDNS option is not as long as it says")
        self._at = at
        return options

    def _name(self, end: int) -> Name:
        """The name here (RFC 1035, section 4.1.4); each pointer leads back, before the last."""
        wire, start, known = self._wire, self._at, self._names
        at, limit, bound, after = start, end, start, 0
        passed: list[tuple[int, bytes]] = []
        while at not in known:
            if at >= limit:
                raise Unreadable("a name does not end")
            length = wire[at]
            if length >= _POINTER:
                passed.append((at, b""))
                if not after:
                    after, limit = at + 2, start
                at = int.from_bytes(wire[at : at + 2], "big") & _WHERE
                if at >= bound:
                    raise Unreadable("a name points forward")
                bound = at
            elif length == 0:
                known[at] = _ROOT
            elif length <= _LONGEST_LABEL:
                passed.append((at, self._lower[at : at + 1 + length]))
                at += 1 + length
            else:
                raise Unreadable("a name has a label of no known kind")
        self._at = after or at + 1
        if self._at > end:
            raise Unreadable("a name runs over the end")
        return Name(self._joined(passed, known[at]))

    def _joined(self, passed: list[tuple[int, bytes]], name: bytes) -> bytes:
        """Put the labels before the name, and remember each place where one begins."""
        self._count(1 + len(passed))
        for at, label in reversed(passed):
            name = label + name
            if len(name) > _LONGEST_NAME:
                raise Unreadable("a name is too long")
            self._names[at] = name
        return name

    def _take(self, fields: Struct, end: int | None = None) -> tuple[int, ...]:
        return fields.unpack(self._bytes(fields.size, len(self._wire) if end is None else end))

    def _bytes(self, length: int, end: int) -> bytes:
        at = self._at
        self._at = at + length
        if self._at > end:
            raise Unreadable("a field runs over the end")
        return self._wire[at : self._at]

    def _count(self, more: int) -> None:
        self._parts += more
        if self._parts > MOST_PARTS:
            raise TooMuch("its names, texts and options have too many parts")
