"""A registry's zone and zones below it on real name servers, some of which lie.

The resolver vouches for the registry's zone; all below it is unsigned. Servers are told as
functions of a question; whom nobody plays is silent: the port is closed.
"""

from collections.abc import Sequence

import dns.flags
import dns.message
import dns.name
import dns.rrset

from byoip.domain.checks.evidence import Outcome
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.reverse_dns.observation import DelegationSeen, ZoneObservation
from byoip.domain.checks.reverse_zone import ReverseZone
from tests.adapters.dns_script import (
    ACCOUNT,
    LABEL,
    NS1,
    NS2,
    OWNER,
    REGISTRY,
    RESOLVERS,
    TOKEN,
    TOP,
    ZONE,
    ZONE_RECORDS,
    Records,
    Resolve,
    Script,
    Serve,
    playing,
    resolving,
    serving,
)

NS3, EVIL1, EVIL2 = "127.0.0.13", "127.0.0.66", "127.0.0.67"
REGISTRY2, REGISTRY3 = "127.0.0.22", "127.0.0.23"
WIDE = "0.192.in-addr.arpa."  # the zone of a /16, between the registry's and `ZONE`
HOSTS = {
    "ns1.example.": [NS1],
    "ns2.example.": [NS2],
    "ns3.example.": [NS3],
    "evil1.example.": [EVIL1],
    "evil2.example.": [EVIL2],
}
BOTH = ("ns1.example.", "ns2.example.")
EVIL = ("evil1.example.", "evil2.example.")


def holds(zone: str = ZONE.name, *, says: str | None = TOKEN, own: Sequence[str] = BOTH) -> Serve:
    """A server with authority for a zone: its TXT at the owner name, and its own NS records."""

    def build(question: dns.message.Message) -> bytes:
        response = dns.message.make_response(question)
        response.flags |= dns.flags.AA
        asked = question.question[0]
        found = {(OWNER, "TXT"): [says] if says else [], (zone, "NS"): own}
        values = found.get((asked.name.to_text(), asked.rdtype.name), [])
        if values:
            record = dns.rrset.from_text_list(asked.name, 60, "IN", asked.rdtype.name, values)
            response.answer.append(record)
        else:
            soa = "ns1.example. host.example. 1 60 60 60 0"
            response.authority.append(dns.rrset.from_text(zone, 60, "IN", "SOA", soa))
        return response.to_wire()

    return serving(build)


def resolver(
    hosts: dict[str, list[str]] | None = None,
    *,
    registry: Sequence[str] = (REGISTRY,),
    more: Records | None = None,
    unsigned: Sequence[str] = (),
) -> dict[str, Resolve]:
    """The operator's resolver, that knows these hosts, this registry and more; it validates."""
    names = [f"r{number}.registry.example." for number, _ in enumerate(registry, start=1)]
    records: dict[tuple[str, str], Sequence[str]] = {
        **ZONE_RECORDS,
        **(more or {}),
        (TOP, "NS"): names,
        **{(name, "A"): [address] for name, address in zip(names, registry, strict=True)},
    }
    for name, addresses in {**HOSTS, **(hosts or {})}.items():
        records[name, "A"] = [one for one in addresses if ":" not in one]
        records[name, "AAAA"] = [one for one in addresses if ":" in one]
    return {RESOLVERS[0]: resolving(records, unsigned=unsigned)}


async def look(script: Script) -> ZoneObservation:
    """What the adapter sees among these servers."""
    async with playing(script) as adapter:
        return await adapter.observe(ZONE, LABEL, ACCOUNT)


async def delegated(script: Script, zone: ReverseZone = ZONE) -> DelegationSeen:
    """To whom the servers above a zone delegate it."""
    async with playing(script) as adapter:
        return await adapter.find_delegation(zone, LABEL, ACCOUNT)


async def judged(script: Script) -> Outcome:
    """What is made of it."""
    return judge_zones([await look(script)], TOKEN)
