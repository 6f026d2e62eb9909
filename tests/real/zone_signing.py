"""Zones as dnspython objects, signed here: good signatures, and those that must be refused."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum

import dns.dnssec
import dns.dnssectypes
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.DNSKEY
import dns.rdtypes.ANY.DS
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

TTL = 60
_LONGEST_STRING = 255  # of a TXT record's character-strings (RFC 1035, section 3.3)

# (owner, type) -> the records' data, as in a zone file with absolute names.
Records = dict[tuple[dns.name.Name, str], list[str]]


class Signing(Enum):
    """How a zone stands to DNSSEC, as a validating resolver sees it."""

    UNSIGNED = "provably insecure: its parent has no DS for it"
    SIGNED = "secure"
    TAMPERED = "bogus: the text of every TXT differs from what was signed"
    WRONG_DS = "bogus: the parent's DS is for another key"
    EXPIRED = "bogus: the signatures ran out yesterday"


class ZoneKey:
    """A zone's only key (ECDSA P-256, RFC 6605), with its public half as a record."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.public: dns.rdtypes.ANY.DNSKEY.DNSKEY = dns.dnssec.make_dnskey(
            self.private.public_key(), dns.dnssectypes.Algorithm.ECDSAP256SHA256, flags=257
        )

    def ds(self, origin: dns.name.Name) -> dns.rdtypes.ANY.DS.DS:
        """What the parent publishes to vouch for this key."""
        return dns.dnssec.make_ds(origin, self.public, dns.dnssectypes.DSDigest.SHA256)


def zone_text(
    origin: dns.name.Name,
    servers: Sequence[dns.name.Name],
    records: Mapping[tuple[dns.name.Name, str], Sequence[str]],
    *,
    key: ZoneKey,
    signing: Signing,
) -> str:
    """A whole zone as a zone file: SOA, NS, these records and what `signing` asks for."""
    zone = dns.zone.Zone(origin, relativize=False)
    _add(zone, origin, "SOA", f"{servers[0]} hostmaster.invalid. 1 3600 600 86400 1")
    for server in servers:
        _add(zone, origin, "NS", str(server))
    for (name, kind), values in records.items():
        for value in values:
            _add(zone, name, kind, value)
    if signing is not Signing.UNSIGNED:
        _sign(zone, key, expired=signing is Signing.EXPIRED)
    if signing is Signing.TAMPERED:
        _tamper(zone)
    return str(zone.to_text(relativize=False))


def quoted(text: str) -> str:
    """A text as one TXT record, split into as many character-strings as it needs."""
    pieces = [text[i : i + _LONGEST_STRING] for i in range(0, len(text), _LONGEST_STRING)]
    return quoted_strings(pieces or [""])


def quoted_strings(strings: Sequence[str]) -> str:
    """One TXT record of exactly these character-strings."""
    escaped = (string.replace("\\", "\\\\").replace('"', '\\"') for string in strings)
    return " ".join(f'"{string}"' for string in escaped)


def _add(zone: dns.zone.Zone, name: dns.name.Name, kind: str, value: str) -> None:
    data = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), value)
    zone.find_rdataset(name, data.rdtype, create=True).add(data, TTL)


def _sign(zone: dns.zone.Zone, key: ZoneKey, *, expired: bool) -> None:
    now = datetime.now(UTC)
    dns.dnssec.sign_zone(
        zone,
        keys=[(key.private, key.public)],
        inception=now - timedelta(days=7),
        expiration=now + timedelta(days=-1 if expired else 7),
    )


def _tamper(zone: dns.zone.Zone) -> None:
    for name, rdataset in zone.iterate_rdatasets("TXT"):
        tampered = [f'{data} "tampered"' for data in rdataset]
        zone.replace_rdataset(name, dns.rdataset.from_text("IN", "TXT", TTL, *tampered))
