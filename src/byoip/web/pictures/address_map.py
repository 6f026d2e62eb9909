"""The addresses of a prefix as a bar: what answers where, and what is bound, lent and announced."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, TypeAlias

from byoip.domain.bindings.service_binding import ServiceBinding
from byoip.domain.claims.delegation import Delegation
from byoip.domain.prefix import Prefix
from byoip.store.routes.views import BgpPrefixView

WIDTH: Final = 600  # in the units of the picture
_THINNEST: Final = 3.0
_LETTER: Final = 7.5
_TONES: Final = 5  # colours of services, see page.css

_Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Block:
    """A range in a row of the picture, or a line of the table beside it.

    Attributes:
        first, last: its addresses.
        x, width: where it is, from 0 to WIDTH.
        label: what fits into it; empty: nothing does.
        title: all that is said of it.
        tone: a class of the style sheet.
    """

    first: str
    last: str
    x: float
    width: float
    label: str
    title: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """Ranges side by side; one that lies in another is in the row below."""

    name: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses from the first to the last, and what is so of them."""

    first: int
    last: int
    said: str
    title: str
    tone: str


def address_map(
    prefix: Prefix,
    bindings: Sequence[ServiceBinding],
    delegations: Sequence[Delegation],
    routes: Sequence[BgpPrefixView],
) -> Sequence[Row]:
    """What answers, then what it comes from; a kind of which there is nothing has no row."""
    names = sorted({one.service.name for one in bindings})
    tones = {name: f"service-{place % _TONES}" for place, name in enumerate(names)}
    whole = prefix.network
    rows = [Row("answers", _drawn(whole, _answers(whole, bindings, tones)))]
    bound = [(one.cidr.network, one.service.name, tones[one.service.name]) for one in bindings]
    lent = [(one.cidr.network, "lent", "lent") for one in delegations]
    up = [
        (
            one.bgp_prefix.cidr.network,
            "announced" if one.bgp_prefix.desired.advertised else "withdrawn",
            "up" if one.bgp_prefix.desired.advertised else "down",
        )
        for one in routes
    ]
    for name, found in (("bound", bound), ("lent", lent), ("routes", up)):
        for depth, ranges in enumerate(_nested(found)):
            rows.append(Row("" if depth else name, _drawn(whole, ranges)))
    return rows


def answers(prefix: Prefix, bindings: Sequence[ServiceBinding]) -> Sequence[Block]:
    """The same as a table: range after range, and which service answers for it now."""
    tones = {one.service.name: "" for one in bindings}
    return _drawn(prefix.network, _answers(prefix.network, bindings, tones))


def _answers(
    whole: _Network, bindings: Sequence[ServiceBinding], tones: dict[str, str]
) -> Iterator[Range]:
    """Cut where the smallest binding that has a service at the edge changes."""
    at_the_edge = sorted(
        (one for one in bindings if one.answered_by), key=lambda one: one.cidr.length
    )
    lowest, highest = _ends(whole)
    cuts = {lowest, highest + 1}
    for one in at_the_edge:
        first, last = _ends(one.cidr.network)
        cuts |= {first, last + 1}
    begins = sorted(cuts)
    smallest: dict[int, ServiceBinding] = {}
    for one in at_the_edge:  # the longer ones later, over the shorter ones
        first, last = _ends(one.cidr.network)
        for begin in begins:
            if first <= begin <= last:
                smallest[begin] = one
    for begin, end in itertools.pairwise(begins):
        by = smallest.get(begin)
        if by is None or by.answered_by is None:
            yield Range(begin, end - 1, "nothing", "nothing answers", "down")
            continue
        name = by.answered_by.name
        yield Range(begin, end - 1, name, f"{name} answers, by {by.cidr}", tones.get(name, "up"))


def _nested(found: Iterable[tuple[_Network, str, str]]) -> Sequence[Sequence[Range]]:
    """By how many others each of them lies in."""
    depths: dict[int, list[Range]] = {}
    open_ones: list[int] = []
    for network, said, tone in sorted(found, key=lambda one: (_ends(one[0])[0], one[0].prefixlen)):
        first, last = _ends(network)
        while open_ones and open_ones[-1] < first:
            open_ones.pop()
        made = Range(first, last, f"{network}", f"{network}: {said}", tone)
        depths.setdefault(len(open_ones), []).append(made)
        open_ones.append(last)
    return [depths[one] for one in sorted(depths)]


def _drawn(whole: _Network, ranges: Iterable[Range]) -> Sequence[Block]:
    lowest, _ = _ends(whole)
    of, made = whole.num_addresses, []
    kind = type(whole.network_address)
    for one in ranges:
        # Whole numbers first: a /128 of a /16 is lost in a float.
        x = (one.first - lowest) * WIDTH * 1000 // of / 1000
        width = max(_THINNEST, (one.last - one.first + 1) * WIDTH * 1000 // of / 1000)
        ends = str(kind(one.first)), str(kind(one.last))
        place = min(x, WIDTH - _THINNEST)
        made.append(Block(*ends, place, width, _label(one.said, width), one.title, one.tone))
    return made


def _label(said: str, width: float) -> str:
    """What fits into so much: all of it, of a prefix at least how long it is, or nothing."""
    length = f"/{said.rpartition('/')[2]}" if "/" in said else ""
    fit = (one for one in (said, length) if one and len(one) * _LETTER <= width - 4)
    return next(fit, "")


def _ends(network: _Network) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address)


def address_in(text: str, prefix: Prefix) -> str:
    """What is wrong with an address that somebody looks for; empty: nothing.

    It may be of the other family, or no address at all.
    """
    try:
        found = ip_address(text)
    except ValueError:
        return "This is not an address."
    return "" if found in prefix.network else f"This address is not in {prefix}."
