"""What customers publish to prove that they hold a prefix."""

from collections.abc import Iterator
from typing import Any

from benchmarks.customers import ORIGIN

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.prefix import Prefix


def rpsl(prefix: dict[str, Any], source: str, *, token: bool) -> str:
    """The holder's object and the route object, with the token or without."""
    network = Prefix.parse(prefix["cidr"]).network
    status = "ASSIGNED PORTABLE" if source == "APNIC" else "ASSIGNED PA"
    if network.version == 6:
        kind, space, holder, status = "route6", "inet6num", str(network), "ASSIGNED"
    else:
        kind, space, holder = "route", "inetnum", f"{network[0]} - {network[-1]}"
    proof = f"remarks: byoip-validation: {prefix['ownership_validation_token']}\n" if token else ""
    return (
        f"{space}: {holder}\nnetname: BENCH\nstatus: {status}\n"
        f"mnt-by: BENCH-MNT\nsource: {source}\n\n"
        f"{kind}: {network}\norigin: AS{ORIGIN}\n{proof}mnt-by: BENCH-MNT\nsource: {source}\n\n"
    )


def txt(prefix: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Owner name and values of each TXT record."""
    for zone in reverse_zones(Prefix.parse(prefix["cidr"])):
        yield zone.owner("byoip-validation"), [prefix["ownership_validation_token"]]


def vrp(prefix: dict[str, Any], anchor: str) -> dict[str, Any]:
    """A ROA's payload, as rpki-client writes it."""
    length = int(prefix["cidr"].partition("/")[2])
    return {"prefix": prefix["cidr"], "asn": ORIGIN, "maxLength": length, "ta": anchor}
