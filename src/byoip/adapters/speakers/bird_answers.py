"""What BIRD 2 or 3 says on its control socket: framing, routes, sessions; all else is odd."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

from byoip.adapters.speakers.bird_paths import OddAnswer, asn_of, next_to_origin, origins_of
from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix
from byoip.domain.speakers.sightings import SeenPath

# `0000-text`: more lines follow; `0000 text`: the last line; ` text`: the code of the line before.
_LINE: Final = re.compile(r"(?:(\d{4})([- ])| )(.*)", re.ASCII)
_READY: Final = re.compile(r"0001 BIRD [23]\.\S+ ready\.", re.ASCII)

_TABLE: Final = re.compile(r"Table \S+:", re.ASCII)
# 198.51.100.0/24      unreachable [one 13:26:14.440 from 127.0.0.71] * (100) [AS4200000001i]
#                      unreachable [two 13:26:15.012 from 127.0.0.73] (100) [AS4200000001i]
# A time as `timeformat ... iso long ms` writes it; other formats are not exact.
EXACT: Final = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}"
_ROUTE: Final = re.compile(
    rf"([0-9a-f.:]+/\d{{1,3}})? +[a-z]+ \[([\w.:-]+) (?:({EXACT})[ \]])?(.*)", re.ASCII
)
_LAST_AS: Final = re.compile(r".*\[AS(\d{1,10})[ie?]\]", re.ASCII)
# BIRD 2 names attributes in one way, BIRD 3 in another.
_FROM_BGP: Final = re.compile(r"\t(?:Type: BGP( .*)?|source: BGP)", re.ASCII)
_AS_PATH: Final = re.compile(r"\t(?:BGP\.as_path|bgp_path):([0-9 {}()]*)(\.\.\.)?", re.ASCII)
# Of BIRD 3: it counts routes, so they differ also where a route came back just as it was.
_COUNTED: Final = "\tInternal route handling values:"
_NEIGHBOUR_AS: Final = re.compile(r"\s+Neighbor AS:\s+(\d{1,10})", re.ASCII)
_LOCAL_AS: Final = re.compile(r"\s+Local AS:\s+(\d{1,10})", re.ASCII)

_ROUTES: Final = "1007"
_DONE: Final = "0000"
_NOT_FOUND: Final = "8001"
_KINDS: Final = 1024  # of attributes: those of our own routes are few
_KEPT: Final = 4096  # characters of them, as they are


_Kind: TypeAlias = tuple[frozenset[Asn] | None, str, tuple[Asn | None, bool]]


class NotShown(OddAnswer):
    """BIRD's answer is an error; it can be asked in another way."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an answer, with its code."""

    code: str
    text: str
    last: bool


@dataclass(frozen=True, slots=True)
class BgpRoute:
    """A route that BIRD learnt over BGP.

    Attributes:
        protocol: the session's name.
        origins: the last AS of the path, or all of the set at its end; none: the AS of BIRD's
            own side, for a path within one AS is empty.
        path: its session, attributes and time, to be compared with a later one.
        before: the AS next to the origin; None: there is none, or it cannot be told.
        alone: the path is of the origin only: what is next to it, the session says.
    """

    protocol: str
    origins: frozenset[Asn]
    path: SeenPath
    before: Asn | None = None
    alone: bool = False


def is_ready(text: str) -> bool:
    """Whether this is how BIRD 2 or 3 greets."""
    return bool(_READY.fullmatch(text))


def read_line(text: str, *, before: str) -> Line:
    """Read one line without its line end; `before` is the code of the one before.

    Raises:
        OddAnswer: it is not of this protocol.
    """
    found = _LINE.fullmatch(text)
    if not found:
        raise OddAnswer(f"not a line of its protocol: {text!r:.80}")
    return Line(found[1] or before, found[3], last=found[2] == " ")


def read_routes(lines: Sequence[Line], prefix: Prefix) -> list[BgpRoute]:
    """The routes from BGP in an answer to `show route PREFIX all`.

    Raises:
        OddAnswer: an error, another prefix, a route from BGP without a path.
    """
    end = lines[-1]
    if end.code == _NOT_FOUND:
        return []
    if end.code != _DONE:
        raise OddAnswer(f"{end.code} {end.text:.80}")
    routes = [_bgp_route(block) for block in _blocks(lines[:-1], prefix)]
    return [route for route in routes if route]


class EveryRoute:
    """The routes to some prefixes in an answer to COMMAND, read as it comes.

    Attributes:
        routes: by prefix; those without any from BGP are left out.
    """

    COMMAND: Final = (
        "show route all where source = RTS_BGP && (net.type = NET_IP4 || net.type = NET_IP6)"
    )

    def __init__(self, prefixes: Collection[Prefix]) -> None:
        self.routes: dict[Prefix, list[BgpRoute]] = {}
        self._wanted = {str(one): one for one in prefixes}
        self._code = ""
        self._prefix: Prefix | None = None
        self._block: _Block | None = None
        self._attributes: list[str] = []

    def take(self, lines: Iterable[str]) -> bool:
        """Take the next lines; whether the last one of the answer was among them.

        Raises:
            NotShown: the answer is an error.
            OddAnswer: one is no line of such an answer.
        """
        for text in lines:
            # Attributes are most of them: ` <tab>...`, or with a code of their own.
            if text.startswith(" \t"):
                self._attributes.append(text[1:])
            elif text[4:6] == "-\t" and text[:4].isdigit():
                self._code = text[:4]
                self._attributes.append(text[5:])
            elif self._take_other(read_line(text, before=self._code)):
                return True
        return False

    def _take_other(self, line: Line) -> bool:
        self._code = line.code
        if line.last:
            self._end_block()
            if line.code != _DONE:
                raise NotShown(f"{line.code} {line.text:.80}")
        elif line.code == _ROUTES:
            self._begin_block(line.text)
        else:
            self._attributes.append(line.text)
        return line.last

    def _begin_block(self, text: str) -> None:
        self._end_block()
        found = _ROUTE.fullmatch(text)
        if found is None and text and not _TABLE.fullmatch(text):
            raise OddAnswer(f"not a route: {text!r:.80}")
        if found is None or found[1]:
            self._prefix = self._wanted_one(found[1]) if found else None
        self._attributes = []
        if found and self._prefix:
            self._block = _Block(found[2], _since(found[3]), found[4], self._attributes)

    def _end_block(self) -> None:
        if self._block and self._prefix and (route := _bgp_route(self._block)):
            self.routes.setdefault(self._prefix, []).append(route)
        self._block = None

    def _wanted_one(self, shown: str) -> Prefix | None:
        if ":" in shown and shown not in self._wanted:  # it may spell it in another way
            shown = str(_prefix(shown))
        return self._wanted.get(shown)


def _since(shown: str | None) -> str:
    """Since when a route has been there, by its head; empty: that does not say it exactly."""
    if shown is None:
        return ""
    moment(shown)
    return shown


def moment(shown: str) -> datetime:
    """A time that BIRD shows.

    Raises:
        OddAnswer: there is no such time.
    """
    try:
        return datetime.fromisoformat(shown)
    except ValueError as fault:
        raise OddAnswer(f"not a time: {shown}") from fault


def _prefix(shown: str) -> Prefix:
    try:
        return Prefix.parse(shown)
    except Refusal as fault:
        raise OddAnswer(f"not a prefix: {shown:.80}") from fault


def read_ases(lines: Sequence[Line]) -> tuple[Asn, Asn | None]:
    """BIRD's own AS, and the neighbour's, in an answer to `show protocols all NAME`.

    Raises:
        OddAnswer: there is no such session, or it does not say its own.
    """
    neighbours = [asn_of(found[1]) for one in lines if (found := _NEIGHBOUR_AS.fullmatch(one.text))]
    for line in lines:
        if found := _LOCAL_AS.fullmatch(line.text):
            return asn_of(found[1]), next(iter(neighbours), None)
    raise OddAnswer(f"no local AS of a session: {lines[-1].code} {lines[-1].text:.80}")


class _Block(NamedTuple):
    """A route: its protocol and time, the rest of its head, and the lines below it."""

    protocol: str
    since: str
    rest: str
    lines: list[str]


def _blocks(lines: Sequence[Line], prefix: Prefix) -> list[_Block]:
    blocks: list[_Block] = []
    for line in lines:
        if line.code != _ROUTES or line.text.startswith("\t"):
            if not blocks:
                raise OddAnswer(f"an attribute of no route: {line.text!r:.80}")
            blocks[-1].lines.append(line.text)
        elif found := _ROUTE.fullmatch(line.text):
            _check(found[1], prefix, first=not blocks)
            blocks.append(_Block(found[2], _since(found[3]), found[4], []))
        elif line.text and not _TABLE.fullmatch(line.text):
            raise OddAnswer(f"not a route: {line.text!r:.80}")
    return blocks


def _check(shown: str | None, prefix: Prefix, *, first: bool) -> None:
    # Further routes for a prefix stand below it without its name.
    if shown is None and not first:
        return
    if shown is None or _prefix(shown) != prefix:
        raise OddAnswer(f"asked for {prefix}, it shows {shown}")


def _bgp_route(block: _Block) -> BgpRoute | None:
    lines = tuple(line for line in block.lines if not line.startswith(_COUNTED))
    read = _kind if sum(map(len, lines)) <= _KEPT else _kind.__wrapped__
    kind = read(block.protocol, lines)
    if kind is None:
        return None
    origins, shown, (before, alone) = kind
    if origins is None:
        # BIRD cuts off a path of more than some forty ASes: such a path must not blind us.
        found = _LAST_AS.fullmatch(block.rest)
        if not found:
            raise OddAnswer(f"a route without its last AS: {block.rest:.80}")
        origins = frozenset({asn_of(found[1])})
    return BgpRoute(block.protocol, origins, SeenPath(shown, block.since), before, alone)


@lru_cache(_KINDS)
def _kind(protocol: str, lines: Sequence[str]) -> _Kind | None:
    """By the lines below a route's head: origins, if they can be read, and what is shown.

    Then what is next to the origin, see `BgpRoute`.

    None: it did not come over BGP.
    """
    if not any(_FROM_BGP.fullmatch(line) for line in lines):
        return None
    shown = "\n".join([protocol, *lines])
    shown = shown if len(shown) <= _KEPT else sha256(shown.encode()).hexdigest()
    paths = [found for line in lines if (found := _AS_PATH.fullmatch(line))]
    if not paths:
        raise OddAnswer(f"a route without an AS path that we can read: {lines[0]:.80}")
    whole = next((found[1] for found in paths if not found[2]), None)
    if whole is None:
        return None, shown, (None, False)
    return origins_of(whole), shown, next_to_origin(whole)
