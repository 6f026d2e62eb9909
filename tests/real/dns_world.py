"""A small DNS of our own: a signed root, the registry's zones, zones below, servers, a resolver.

The hub serves the root and every zone, and is all that the validating resolver asks. The registry
serves the root, and in-addr.arpa and ip6.arpa, signed, and refers from there. The other name
servers are those that the zones name in their NS records; they carry copies which a test may let
differ. All listen on the same port of their own address (`DnsWorld.port`), as in the real world all
listen on port 53.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.name

from tests.real.knot_server import KnotServer, knot_servers
from tests.real.processes import free_port
from tests.real.unbound_resolver import UnboundResolver, unbound_resolver
from tests.real.zone_signing import Records, Signing, ZoneKey, quoted, quoted_strings, zone_text

HUB = "127.0.0.10"
RESOLVER = "127.0.0.9"
REGISTRY = "127.0.0.20"
TOPS = tuple(map(dns.name.from_text, ("in-addr.arpa.", "ip6.arpa.")))
SERVERS = ("127.0.0.11", "127.0.0.12", "127.0.0.13")


@dataclass
class _ChildZone:
    """A zone below the root; `copies` holds what each address says of it, None for nothing."""

    origin: dns.name.Name
    servers: tuple[str, ...]
    signing: Signing
    copies: dict[str, Records | None]
    names: tuple[str, ...]
    key: ZoneKey = field(default_factory=ZoneKey)

    def text(self, address: str) -> str | None:
        records = self.copies.get(address)
        if records is None:
            return None
        names = [dns.name.from_text(name) for name in self.names]
        return zone_text(self.origin, names, records, key=self.key, signing=self.signing)

    def trusted_key(self) -> ZoneKey:
        return ZoneKey() if self.signing is Signing.WRONG_DS else self.key


class DnsWorld:
    """The whole of it. Names are text, with or without the final dot.

    Every change is served, and the resolver's cache emptied, when the call returns. A zone's most
    specific holder answers: publishing below two nested zones changes the inner one.
    """

    def __init__(
        self, servers: Mapping[str, KnotServer], resolver: UnboundResolver, root_key: ZoneKey
    ) -> None:
        self.resolver = resolver
        self.port = resolver.port
        self._servers = servers
        self._root_key = root_key
        self._top_keys = {top: ZoneKey() for top in TOPS}
        self._zones: dict[dns.name.Name, _ChildZone] = {}

    def add_zone(
        self,
        origin: str,
        *,
        signing: Signing = Signing.SIGNED,
        servers: Sequence[str] = SERVERS[:2],
        names: Sequence[str] = (),
    ) -> None:
        """Delegate a zone to name servers, given as addresses out of `SERVERS`.

        The registry delegates a reverse zone, the root any other. Their names are those of
        `server_name` unless given; the zone above has glue for names in the zone itself.
        """
        names = names or [str(server_name(server)) for server in servers]
        name = dns.name.from_text(origin)
        copies: dict[str, Records | None] = {address: {} for address in (HUB, *servers)}
        self._zones[name] = _ChildZone(name, tuple(servers), signing, copies, tuple(names))
        self._reload()

    def delegate_within(self, above: str, below: str) -> None:
        """Let a zone delegate one that is signed, in place of the registry: NS and DS records."""
        outer, inner = (self._zones[dns.name.from_text(one)] for one in (above, below))
        for copy in outer.copies.values():
            if copy is not None:
                copy[inner.origin, "NS"] = list(inner.names)
                copy[inner.origin, "DS"] = [str(inner.trusted_key().ds(inner.origin))]
        self._reload()

    def publish(self, name: str, *values: str, kind: str = "TXT", at: str | None = None) -> None:
        """Set all records of this name and kind, one per value: everywhere, or at one address.

        An address that does not serve the zone does so from then on.

        A TXT value is the text itself, split into character-strings where it is long; other
        kinds are written as in a zone file, with absolute names.
        """
        self._set(name, kind, [quoted(v) if kind == "TXT" else v for v in values], at=at)

    def publish_strings(self, name: str, *strings: str) -> None:
        """Set one TXT record of exactly these character-strings."""
        self._set(name, "TXT", [quoted_strings(strings)], at=None)

    def remove(self, name: str, *, kind: str = "TXT", at: str | None = None) -> None:
        """Take the records of this name and kind away: everywhere, or at one address."""
        self._set(name, kind, [], at=at)

    def make_lame(self, origin: str, *, at: str) -> None:
        """Let one server know nothing of a zone delegated to it: it answers REFUSED."""
        self._zones[dns.name.from_text(origin)].copies[at] = None
        self._reload()

    def silence(self, address: str) -> None:
        """Let one server swallow every question, over UDP and TCP."""
        self._servers[address].silence()

    def stop(self, address: str) -> None:
        """End one server: connections to it are refused."""
        self._servers[address].stop()

    def revive(self, address: str) -> None:
        """Let a server answer again after `silence` or `stop`."""
        self._servers[address].revive()

    def reset(self) -> None:
        """Back to a root with the registry's zones, which are empty, and every server running."""
        self._zones.clear()
        for server in self._servers.values():
            server.revive()
        self._reload()

    def _set(self, name: str, kind: str, written: list[str], *, at: str | None) -> None:
        owner = dns.name.from_text(name)
        zone = max(
            (zone for zone in self._zones.values() if owner.is_subdomain(zone.origin)),
            key=lambda zone: len(zone.origin),
        )
        for copy in zone.copies.values() if at is None else [zone.copies.setdefault(at, {})]:
            if copy is not None:
                copy[owner, kind] = written
        self._reload()

    def _reload(self) -> None:
        for address, server in self._servers.items():
            texts = {str(zone.origin): zone.text(address) for zone in self._zones.values()}
            zones = {origin: text for origin, text in texts.items() if text is not None}
            if address in {HUB, REGISTRY}:
                zones |= {str(top): self._top_text(top) for top in TOPS}
                zones["."] = self._root_text()
            server.serve(zones)
        self.resolver.forget()

    def _top_text(self, top: dns.name.Name) -> str:
        children = [zone for zone in self._zones.values() if zone.origin.is_subdomain(top)]
        records = _delegations(children)
        key = self._top_keys[top]
        return zone_text(top, [server_name(REGISTRY)], records, key=key, signing=Signing.SIGNED)

    def _root_text(self) -> str:
        children = [
            zone
            for zone in self._zones.values()
            if not any(zone.origin.is_subdomain(top) for top in TOPS)
        ]
        records = _delegations(children)
        for top, key in self._top_keys.items():
            records[top, "NS"] = [str(server_name(REGISTRY))]
            records[top, "DS"] = [str(key.ds(top))]
        return root_text(self._root_key, records)


def server_name(address: str) -> dns.name.Name:
    """What the name server at this address is called; the root zone has its A record."""
    return dns.name.from_text(f"ns-{address.replace('.', '-')}.servers.example.")


def root_text(key: ZoneKey, delegations: Records) -> str:
    """The root zone: the servers' addresses, and NS and DS of every child."""
    hosts: Records = {(server_name(a), "A"): [a] for a in (HUB, REGISTRY, *SERVERS)}
    records = {**hosts, **delegations}
    return zone_text(
        dns.name.root, [server_name(REGISTRY)], records, key=key, signing=Signing.SIGNED
    )


def _delegations(children: Iterable[_ChildZone]) -> Records:
    records: Records = {}
    for child in children:
        records[child.origin, "NS"] = list(child.names)
        for name, address in zip(map(dns.name.from_text, child.names), child.servers, strict=True):
            if name.is_subdomain(child.origin):
                records[name, "A"] = [address]
        if child.signing is not Signing.UNSIGNED:
            records[child.origin, "DS"] = [str(child.trusted_key().ds(child.origin))]
    return records


@contextmanager
def dns_world() -> Iterator[DnsWorld]:
    """Run the root, the name servers and the resolver until the block ends."""
    port = free_port(RESOLVER, HUB, REGISTRY, *SERVERS)
    key = ZoneKey()
    with (
        knot_servers((HUB, REGISTRY, *SERVERS), port) as servers,
        _resolver(servers[HUB], key) as resolver,
    ):
        yield DnsWorld(servers, resolver, key)


@contextmanager
def _resolver(hub: KnotServer, key: ZoneKey) -> Iterator[UnboundResolver]:
    hub.serve({".": root_text(key, {})})
    with unbound_resolver(
        address=RESOLVER,
        port=hub.port,
        root=(hub.address, hub.port),
        anchor=f". IN DS {key.ds(dns.name.root)}\n",
    ) as resolver:
        yield resolver
