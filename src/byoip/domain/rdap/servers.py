"""The RDAP servers of the registries, as IANA's bootstrap files name them (RFC 9224).

Redirects lead to these and to those of the settings, and nowhere else. A table, since IANA's rows
for registries change once in years; where an operator configures no URL nothing is asked at all.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A registry's server, asked over TLS.

    Attributes:
        key: of the registry; national ones as in `registries/national.py`.
        per_minute: questions that its users are known to be allowed, where that is less than ours.
    """

    host: str
    key: str
    per_minute: int | None = None


# LACNIC says "Rate Limit is maxed at 10 queries per 1 minutes", and blocks for minutes.
KNOWN_SERVERS: Final = (
    KnownServer("rdap.afrinic.net", "afrinic"),
    KnownServer("rdap.apnic.net", "apnic"),
    KnownServer("rdap.arin.net", "arin"),
    KnownServer("rdap.db.ripe.net", "ripencc"),
    KnownServer("rdap.lacnic.net", "lacnic", per_minute=10),
    KnownServer("rdap.registro.br", "nicbr", per_minute=10),
    KnownServer("idnic.rdap.apnic.net", "idnic"),
    KnownServer("jpnic.rdap.apnic.net", "jpnic"),
    KnownServer("krnic.rdap.apnic.net", "krnic"),
    KnownServer("twnic.rdap.apnic.net", "twnic"),
)
