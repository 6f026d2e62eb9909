"""What BIRD 2 or 3 says on its control socket: framing, routes, sessions; all else is odd."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
_ROUTE: Final = re.compile(
    r"([0-9a-f.:]+/\d{1,3})? +[a-z]+ \[([\w.:-]+) .*?(?:\[AS(\d{1,10})[ie?]\])?", re.ASCII
)
# As `timeformat route iso long ms` writes it; other formats are not exact.
_SINCE: Final = re.compile(r".* \[\S+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6})[ \]].*", re.ASCII)
# BIRD 2 names attributes in one way, BIRD 3 in another.
_FROM_BGP: Final = re.compile(r"\t(?:Type: BGP( .*)?|source: BGP)", re.ASCII)
_AS_PATH: Final = re.compile(r"\t(?:BGP\.as_path|bgp_path):([0-9 {}()]*)(\.\.\.)?", re.ASCII)
_CONFEDERATION: Final = re.compile(r"\([0-9 ]*\)|\(\{[0-9 ]*\}\)", re.ASCII)
_ORIGINS: Final = re.compile(r"(?:.*[ }])?(\d{1,10}|\{[0-9 ]+\})", re.ASCII)
_LOCAL_AS: Final = re.compile(r"\s+Local AS:\s+(\d{1,10})", re.ASCII)

_ROUTES: Final = "1007"
_DONE: Final = "0000"
_NOT_FOUND: Final = "8001"


class OddAnswer(Exception):  # noqa: N818 - translated where the question is asked
    """BIRD's answer is not one that the question may have."""


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
    """

    protocol: str
    origins: frozenset[Asn]
    path: SeenPath


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


def read_local_as(lines: Sequence[Line]) -> Asn:
    """BIRD's own AS in an answer to `show protocols all NAME`.

    Raises:
        OddAnswer: there is no such session, or it does not say.
    """
    for line in lines:
        if found := _LOCAL_AS.fullmatch(line.text):
            return _asn(found[1])
    raise OddAnswer(f"no local AS of a session: {lines[-1].code} {lines[-1].text:.80}")


@dataclass(frozen=True, slots=True)
class _Block:
    """A route: its protocol, the last AS as its head says, and the lines below it."""

    protocol: str
    last_as: str | None
    since: str
    lines: list[str]

    @property
    def path(self) -> SeenPath:
        return SeenPath("\n".join([self.protocol, *self.lines]), self.since)


def _blocks(lines: Sequence[Line], prefix: Prefix) -> list[_Block]:
    blocks: list[_Block] = []
    for line in lines:
        if line.code != _ROUTES or line.text.startswith("\t"):
            if not blocks:
                raise OddAnswer(f"an attribute of no route: {line.text!r:.80}")
            blocks[-1].lines.append(line.text)
        elif found := _ROUTE.fullmatch(line.text):
            _check(found[1], prefix, first=not blocks)
            since = _SINCE.fullmatch(line.text)
            blocks.append(_Block(found[2], found[3], since[1] if since else "", []))
        elif line.text and not _TABLE.fullmatch(line.text):
            raise OddAnswer(f"not a route: {line.text!r:.80}")
    return blocks


def _check(shown: str | None, prefix: Prefix, *, first: bool) -> None:
    # Further routes for a prefix stand below it without its name.
    if shown is None and not first:
        return
    try:
        if shown is not None and Prefix.parse(shown) == prefix:
            return
    except Refusal:
        pass
    raise OddAnswer(f"asked for {prefix}, it shows {shown}")


def _bgp_route(block: _Block) -> BgpRoute | None:
    if not any(_FROM_BGP.fullmatch(line) for line in block.lines):
        return None
    for line in block.lines:
        found = _AS_PATH.fullmatch(line)
        if found and not found[2]:
            return BgpRoute(block.protocol, _origins(found[1]), block.path)
        # BIRD cuts off a path of more than some forty ASes: such a path must not blind us.
        if found and block.last_as:
            return BgpRoute(block.protocol, frozenset({_asn(block.last_as)}), block.path)
    raise OddAnswer(f"a route from {block.protocol} without an AS path that we can read")


def _origins(path: str) -> frozenset[Asn]:
    path = _CONFEDERATION.sub("", path).strip()
    if not path:
        return frozenset()
    found = _ORIGINS.fullmatch(path)
    if not found:
        raise OddAnswer(f"not an AS path: {path!r:.80}")
    return frozenset(_asn(number) for number in found[1].strip("{}").split())


def _asn(number: str) -> Asn:
    try:
        return Asn(int(number))
    except Refusal as fault:
        raise OddAnswer(f"not an AS number: {number:.80}") from fault
