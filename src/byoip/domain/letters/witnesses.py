"""Whom a letter names as asked: the party that gave the answer, by what it was asked.

Evidence names parties as they were reached: a host, an address, a snapshot's number. A letter is
read by strangers, so it says what that was; what it cannot say truly it does not say at all.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from byoip.domain.checks.evidence import Check, Finding, Passed, RawAnswer, ShownBy
from byoip.domain.checks.registry import Basis, Registry
from byoip.domain.foreign_text import MOST_LISTED, enumerated, shown
from byoip.domain.perspectives.quorum import is_from_elsewhere
from byoip.domain.rdap.said import is_rdap

RESOLVER = "the operator's validating resolver"
_INSIDE = "a name server that only the operator's network reaches"
_OPERATOR = "the operator, by its own decision"
_IANA = "IANA's table of address space"
_MOST_NAMED = 2
_TEXT_OF = re.compile(r"\S+?\.(\S+)\. TXT @", re.ASCII)
_HEADER = 12  # bytes
_MOST_SERVERS = 13  # of a zone
_SNAPSHOT = re.compile(r"snapshot (\d+)", re.ASCII)
_RELYING_PARTY = re.compile(r"snapshot \d+ \((.+), built ([^,]+)\)", re.ASCII)

_NAMES = {
    "afrinic": "AFRINIC",
    "apnic": "APNIC",
    "arin": "ARIN",
    "lacnic": "LACNIC",
    "ripencc": "RIPE NCC",
    "ripe": "RIPE NCC",
}


def registry_name(key: str) -> str:
    """The usual name of a registry or trust anchor."""
    return _NAMES.get(key, shown(key))


def statistics_number(of: str) -> int | None:
    """The number of the registries' statistics that evidence rests on, if it names one."""
    found = _SNAPSHOT.fullmatch(of)
    return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What is known of the parties that evidence names.

    Attributes:
        resolvers: the operator's, as evidence names them; letters do not tell their addresses.
        registries: by key.
        responsible: key of the registry responsible for the space.
        statistics: when the newest file of each such set of statistics was fetched, by number.
    """

    resolvers: frozenset[str] = frozenset()
    registries: Mapping[str, Registry] = field(default_factory=dict)
    responsible: str = ""
    statistics: Mapping[int, datetime] = field(default_factory=dict)

    def of(self, finding: Finding) -> str | None:
        """The parties asked, each once, the first two by name; None: one cannot be named.

        Of a token in reverse DNS those that showed it: in a zone without DNSSEC the resolver is
        asked, and proves nothing.
        """
        if not finding.exhibits:  # irr is waived where the registry has no route objects
            return _OPERATOR if finding.check is Check.IRR else None
        # Both are stated apart: registration data, and what other places saw.
        asked = [one for one in finding.exhibits if not is_rdap(one) and not is_from_elsewhere(one)]
        if finding.check is Check.OWNERSHIP_RDNS:
            known = finding.outcome.shown_by if isinstance(finding.outcome, Passed) else ()
            return _told(known or self._by_answers(asked))
        named = dict.fromkeys(self._party(finding.check, one.of) for one in asked)
        parties = [one for one in named if one is not None]
        if len(parties) < len(named):
            return None
        return _first(parties, _MOST_NAMED)

    def registration_data(self, key: str, of: str) -> str | None:
        """The registry and the server that gave registration data; None: it cannot be named."""
        known = self.registries.get(key)
        configured = (known.rdap_url if known else None) or ""
        if _internal(of) and f"//{of}/" not in f"{configured}/":
            return None
        return f"{registry_name(key)}, {shown(of)}"

    def _party(self, check: Check, of: str) -> str | None:
        match check:
            case Check.REGISTRATION:
                return self._statistics(of)
            case Check.IRR | Check.OWNERSHIP_IRR:
                return self._registry(of)
            case Check.RPKI:
                found = _RELYING_PARTY.fullmatch(of)
                return f"{shown(found[1])}, built {shown(found[2])}" if found else None
            case Check.OWNERSHIP_RDNS:
                return None  # zone by zone: see `of`

    def _by_answers(self, asked: Sequence[RawAnswer]) -> tuple[ShownBy, ...]:
        """Who showed the token, by answers alone, as older versions kept them; none: not known.

        Also a server that the parents do not name, which counted for nothing. Of each zone the
        resolver is asked first, and name servers only if it is not signed.
        """
        zones: dict[str, list[RawAnswer]] = {}
        for one in asked:
            if found := _TEXT_OF.match(one.asked):
                zones.setdefault(found[1], []).append(one)
        each = [(zone, self._showed(texts)) for zone, texts in zones.items()]
        known = [(zone, servers) for zone, servers in each if servers is not None]
        return ShownBy.merged(known) if len(known) == len(each) else ()

    def _showed(self, texts: Sequence[RawAnswer]) -> tuple[str, ...] | None:
        resolver = texts[0].of
        ours = {resolver, *self.resolvers}
        direct = [one for one in texts if "/tcp" in one.asked and one.of not in ours]
        if not direct:
            return () if resolver in self.resolvers else (_server(resolver),)
        # With authority and without the token is a contradiction, which does not pass.
        named = {_server(one.of) for one in direct if _has_text(one.answer)}
        return tuple(sorted(named, key=lambda one: (one == _INSIDE, one))) or None

    def _statistics(self, of: str) -> str | None:
        if of.startswith(Basis.OVERRIDE):
            return _OPERATOR
        if of == "IANA table":
            return _IANA
        number = statistics_number(of)
        at = None if number is None else self.statistics.get(number)
        if at is None:
            return None
        return f"the registries' delegated statistics, fetched {at:%Y-%m-%dT%H:%M:%SZ}"

    def _registry(self, of: str) -> str | None:
        host = of.rpartition(":")[0] or of  # its port may have changed since
        keys = [key for key, one in self.registries.items() if host in _hosts(one)]
        key = self.responsible if self.responsible in keys else next(iter(keys), None)
        if key is not None and (key == self.responsible or len(keys) == 1):
            return f"{registry_name(key)}, {shown(of)}"
        return None if _internal(of) else shown(of)


def _told(shown_by: Sequence[ShownBy]) -> str | None:
    """Who showed the token: for which zones, where that differs; None: it is not known."""
    if not shown_by:
        return None
    if len(shown_by) == 1:
        return _witnesses(shown_by[0])
    said = [f"{_witnesses(one)} for {enumerated(one.zones)}" for one in shown_by[:MOST_LISTED]]
    left = sum(len(one.zones) for one in shown_by[MOST_LISTED:])
    zones = "zone" if left == 1 else "zones"
    return "; ".join([*said, *([f"and others for {left} more {zones}"] if left else [])])


def _witnesses(one: ShownBy) -> str:
    return _first(one.servers, _MOST_SERVERS) or RESOLVER


def _first(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _server(of: str) -> str:
    """A name server by its address; which port it has is ours to choose, or a test's."""
    return _INSIDE if _internal(of) else shown(of.rpartition(":")[0] or of)


def _has_text(answer: bytes) -> bool:
    """Whether it has records, with authority and without an error (RFC 1035, section 4.1.1)."""
    header = answer[:_HEADER]
    said = len(header) == _HEADER and header[2] & 0x84 == 0x84 and not header[3] & 0x0F  # noqa: PLR2004 - QR, AA
    return said and header[6:8] != bytes(2)


def _hosts(registry: Registry) -> set[str]:
    rest = (registry.rest_url or "").partition("://")[2].partition("/")[0]
    return {registry.host, rest.partition(":")[0]} - {""}


def _internal(of: str) -> bool:
    """Whether it is an address that has a meaning inside a network only."""
    host, _, _ = of.rpartition(":")
    try:
        return not ip_address(host.strip("[]")).is_global
    except ValueError:
        return False
