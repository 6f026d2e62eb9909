"""The two query languages of registries' whois servers: what to send, how to read what they answer.

Pure: bytes in, bytes out. Nothing but parsed values enters a query line. Both dialects mark where
an answer ends, so one that was cut short is never taken for a short one:

- RIPE: two empty lines (RIPE Database documentation, "Query Responses").
- IRRd: `A<length>`, the data, `C`; or `D` for nothing found (IRRd documentation, "Whois queries").
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.registry import Dialect, sources_beside
from byoip.domain.checks.rpsl import RpslObject, parse_objects
from byoip.domain.foreign_text import brief
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Lookup, RegistryQuestion

Objects: TypeAlias = tuple[RpslObject, ...]

_ROUTE: Final = {4: "route", 6: "route6"}
_HOLDER: Final = {4: "inetnum", 6: "inet6num"}
_AUT_NUM: Final = "aut-num"
_SOURCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)

# Codes of the RIPE database (its QueryMessages.java); APNIC and AFRINIC run descendants of it.
# Over REST the same messages come without the leading `%`. They begin a line: within one a server
# repeats what a customer wrote (`% Abuse contact for '...' is '...'`).
_CODE: Final = re.compile(r"^%{0,2} ?ERROR:([0-9]{3})\b[: ]*([^\r\n]*)", re.ASCII | re.MULTILINE)
NO_ENTRIES: Final = 101
_FAULTS: Final = {
    201: Fault.REFUSED,  # access denied: daily limit, or for good after repeated excess
    203: Fault.REFUSED,  # not allowed to act as a proxy
    305: Fault.TIMEOUT,  # closed after a period of inactivity
    306: Fault.REFUSED,  # too many connections from this address
}
# Refusals without a code: IRRd's `%% Access denied`, and what filters in front of servers say.
_REFUSAL: Final = re.compile(
    r"denied|blocked|banned|exceeded|quota|too many|rate.?limit", re.IGNORECASE
)
_LONGEST_REFUSAL: Final = 4096  # characters; one search in 1 MB gives other threads no turn


class NotAnAnswer(Exception):  # noqa: N818 - the other side's fault, not ours
    """The bytes that came back cannot be judged, for this reason."""

    def __init__(self, fault: Fault, detail: str) -> None:
        self.fault = fault
        self.detail = brief(detail)
        super().__init__(self.detail)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What to send on a fresh connection, and how to read all that comes back.

    `read` gives the objects, none where the registry says in so many words that there are none,
    and raises NotAnAnswer for everything else.
    """

    lines: tuple[str, ...]
    read: Callable[[bytes], Objects]

    @property
    def sent(self) -> bytes:
        """The lines as they go out (RFC 3912: CR and LF end a line)."""
        return b"".join(f"{line}\r\n".encode("ascii") for line in self.lines)


def object_class(lookup: Lookup, prefix: Prefix) -> str:
    """The class that may answer: route, route6, inetnum, inet6num or aut-num."""
    if lookup is Lookup.AUT_NUM:
        return _AUT_NUM
    return (_HOLDER if lookup is Lookup.SMALLEST_HOLDER else _ROUTE)[prefix.family]


def asked_about(question: RegistryQuestion) -> Asn | Prefix:
    """What a query names."""
    return question.asn if question.lookup is Lookup.AUT_NUM else question.prefix


def sources_of(question: RegistryQuestion) -> tuple[str, ...]:
    """Which sources a RIPE-style query names; more than the registry's own for routes around."""
    source = question.registry.source
    return sources_beside(source) if question.lookup is Lookup.COVERING_ROUTES else (source,)


def exchange(question: RegistryQuestion) -> Exchange:
    """How to put this question to this registry."""
    source = question.registry.source
    if not _SOURCE.fullmatch(source):
        raise ValueError(f"{source!r} cannot be the source of a registry")
    if question.registry.dialect is Dialect.RIPE:
        return _ripe(question)
    if question.lookup is Lookup.SMALLEST_HOLDER:
        return _irrd_holder(question)
    if question.lookup is Lookup.AUT_NUM:
        return _irrd_aut_num(question)
    return _irrd_routes(question)


# --- RIPE ---------------------------------------------------------------------------------------

_RIPE_RANGE: Final[Mapping[Lookup, str]] = {
    Lookup.EXACT_ROUTES: "-x ",
    Lookup.MORE_SPECIFIC_ROUTES: "-M ",
    Lookup.COVERING_ROUTES: "-L ",
    Lookup.SMALLEST_HOLDER: "",  # without a flag: the exact one, else the smallest around it
    Lookup.AUT_NUM: "",
}


def _ripe(question: RegistryQuestion) -> Exchange:
    # -r: no persons or roles, which count towards a daily limit; -B: unfiltered; -G: not grouped.
    wanted = object_class(question.lookup, question.prefix)
    sources = ",".join(sources_of(question))
    line = (
        f"-r -B -G {_RIPE_RANGE[question.lookup]}-s {sources} -T {wanted} {asked_about(question)}"
    )
    return Exchange((line,), lambda raw: _read_ripe(raw, wanted))


def _read_ripe(raw: bytes, wanted: str) -> Objects:
    text = _text(raw)
    said = _said(text)
    errors = error_codes(said)
    for code, message in errors:
        if code != NO_ENTRIES:
            raise fault_of(code, message)
    if not errors:
        _refuse_refusals(text, said)
    _require_end(text)
    return _either(_objects(raw, wanted), none=bool(errors))


# --- IRRd ---------------------------------------------------------------------------------------

_IRRD_OPTION: Final[Mapping[Lookup, str]] = {
    Lookup.EXACT_ROUTES: "",
    Lookup.MORE_SPECIFIC_ROUTES: ",M",
    Lookup.COVERING_ROUTES: ",L",
}
# IRRd hides routes that are RPKI invalid, out of scope, or second to another source's. We ask what
# the registry holds; whether the route is valid is another check. Versions that do not know one of
# these filters answer `F`, and do not have it.
_SHOW_ALL: Final = ("!fno-rpki-filter", "!fno-scope-filter", "!fno-route-preference-filter")
_FRAME: Final = re.compile(rb"A[0-9]{1,9}|C|D|F.*")


def _irrd_routes(question: RegistryQuestion) -> Exchange:
    wanted = object_class(question.lookup, question.prefix)
    search = f"!r{question.prefix}{_IRRD_OPTION[question.lookup]}"
    lines = ("!!", f"!s{question.registry.source}", *_SHOW_ALL, search, "!q")
    return _irrd(lines, wanted)


def _irrd_aut_num(question: RegistryQuestion) -> Exchange:
    search = f"!maut-num,{question.asn}"
    return _irrd(("!!", f"!s{question.registry.source}", search, "!q"), _AUT_NUM)


def _irrd(lines: tuple[str, ...], wanted: str) -> Exchange:
    # `!!` and `!q` have no answer.
    return Exchange(lines, lambda raw: _read_irrd(raw, wanted, len(lines) - 2))


def _read_irrd(raw: bytes, wanted: str, commands: int) -> Objects:
    frames = tuple(islice(_frames(raw), commands + 1))  # each copies the rest
    if len(frames) != commands:
        fault = Fault.TRUNCATED if len(frames) < commands else Fault.GARBAGE
        raise NotAnAnswer(fault, f"{len(frames)} answers to {commands} commands")
    # `!s` must have worked, or the search is answered from other sources [tried]; and the search.
    for kind, data in (frames[0], frames[-1]):
        if kind == "F":
            raise NotAnAnswer(Fault.SERVER_FAILURE, f"the registry answered: {data[:200]!r}")
    kind, data = frames[-1]
    return _either(_objects(data, wanted), none=kind != "A")


def _frames(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Split into answers: `A` with data, `C` and `D` without, `F` with a message."""
    rest = raw
    while rest:
        head, newline, rest = rest.partition(b"\n")
        if head.startswith(b"%") and is_refusal(head.decode("latin-1")):
            raise NotAnAnswer(Fault.REFUSED, f"the registry refuses: {head[:200]!r}")
        if not _FRAME.fullmatch(head):
            raise NotAnAnswer(Fault.GARBAGE, f"not an answer of IRRd: {head[:60]!r}")
        if not newline:
            raise NotAnAnswer(Fault.TRUNCATED, "the answer ends in the middle")
        kind, data = head[:1].decode("ascii"), head[1:].strip()
        if kind == "A":
            data, rest = _framed(int(data), rest)
        yield kind, data


def _framed(size: int, rest: bytes) -> tuple[bytes, bytes]:
    data, end = rest[:size], rest[size:]
    if len(data) < size or len(end) < len(b"C\n"):
        raise NotAnAnswer(Fault.TRUNCATED, "the answer is shorter than announced")
    if not end.startswith(b"C\n"):
        raise NotAnAnswer(Fault.GARBAGE, "the answer is longer than announced")
    return data, end.removeprefix(b"C\n")


def _irrd_holder(question: RegistryQuestion) -> Exchange:
    # `!r` finds routes only. The RIPE-style search for a prefix gives every object of the class
    # that covers it, the smallest among them.
    wanted = object_class(question.lookup, question.prefix)
    line = f"-s {question.registry.source} -T {wanted} {question.prefix}"
    return Exchange((line,), lambda raw: _read_irrd_ripe_style(raw, wanted))


def _read_irrd_ripe_style(raw: bytes, wanted: str) -> Objects:
    text = _text(raw)
    said = _said(text)
    _refuse_refusals(text, said)
    _require_end(text)
    if said.startswith("%% ERROR"):
        raise NotAnAnswer(Fault.SERVER_FAILURE, f"the registry answered: {said[:200]}")
    none = "%  No entries found for the selected source(s)." in said
    return _either(_objects(raw, wanted), none=none)


# --- both ---------------------------------------------------------------------------------------

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# A line of an answer: empty, the server's words, a continuation, or an attribute.
_LINE: Final = re.compile(r"([%# \t+].*|[*A-Za-z0-9][A-Za-z0-9_-]*:.*)?", re.ASCII)


def _text(raw: bytes) -> str:
    text = raw.decode("latin-1").replace("\r\n", "\n")
    if _CONTROL.search(text):
        raise NotAnAnswer(Fault.GARBAGE, "not the text of a routing registry")
    return text


def _said(text: str) -> str:
    """The server's own words."""
    return "\n".join(line for line in text.split("\n") if line.startswith("%"))


def _refuse_refusals(text: str, said: str) -> None:
    """A server that says no more than that it will not serve us; it may leave out the end."""
    if is_refusal(said) and all(line[:1] in {"", "%"} for line in text.split("\n")):
        raise NotAnAnswer(Fault.REFUSED, f"the registry refuses: {said[:200]}")


def _require_end(text: str) -> None:
    if text.endswith("\n\n\n"):
        return
    *lines, _cut = text.split("\n")
    if all(_LINE.fullmatch(line) for line in lines):  # `map` would give other threads no turn
        raise NotAnAnswer(Fault.TRUNCATED, "the two empty lines that end an answer are missing")
    raise NotAnAnswer(Fault.GARBAGE, "not the text of a routing registry")


def _objects(raw: bytes, wanted: str) -> Objects:
    """The objects of an answer; one of another class shows that it answers something else."""
    objects = parse_objects(raw)
    if odd := next((one for one in objects if one.object_class != wanted), None):
        raise NotAnAnswer(Fault.GARBAGE, f"asked for {wanted}, got {odd.object_class[:60]!r}")
    return objects


def _either(objects: Objects, *, none: bool) -> Objects:
    """Objects, or the words that there are none: one of the two, and never both."""
    if bool(objects) == none:
        raise NotAnAnswer(Fault.GARBAGE, "neither objects nor the words that there are none")
    return objects


def error_codes(text: str) -> list[tuple[int, str]]:
    """Every error the text reports, with its message."""
    return [(int(code), message[:200]) for code, message in _CODE.findall(text)]


def fault_of(code: int, message: str) -> NotAnAnswer:
    """What to make of an error code other than `NO_ENTRIES`."""
    fault = _FAULTS.get(code, Fault.SERVER_FAILURE)
    return NotAnAnswer(fault, f"the registry answered error {code}: {message}")


def is_refusal(text: str) -> bool:
    """Whether words without a code say that the server will not serve us."""
    return _REFUSAL.search(text, 0, _LONGEST_REFUSAL) is not None
