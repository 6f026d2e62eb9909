"""What the sandbox's RDAP servers answer: one network, in the shape of each registry.

RFC 9083, with what registries add and leave out; the golden answers in `tests/golden/rdap` have the
same shapes, and `tests/contracts/test_registration_data.py` holds the client to both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network, summarize_address_range
from typing import Any, Final

_LEVEL: Final = ["rdap_level_0", "nro_rdap_profile_0"]
_NOTICE: Final = {"title": "Sandbox", "description": ["This is the byoip sandbox, no registry."]}
# Those that give the role of registrant to maintainers as well.
_WITH_MAINTAINERS: Final = frozenset({"ripencc", "afrinic"})
_SUFFIXES: Final = {"ripencc": "RIPE", "apnic": "AP", "afrinic": "AFRINIC"}
_TYPES: Final = {
    "afrinic": "ASSIGNED PI",
    "apnic": "ASSIGNED PORTABLE",
    "arin": "DIRECT ASSIGNMENT",
    "lacnic": "ASSIGNED",
    "ripencc": "ASSIGNED PI",
}


@dataclass(frozen=True, slots=True)
class RdapRecord:
    """A network and its holder.

    Attributes:
        name: of the holder; empty: the registry names none.
        kind: of the holder, as in its vCard.
        handle: of the holder; empty: one made from the registry's habits.
        type: of the network; empty: that of space given to its user.
        netname: of the network.
        moved_to: key of the registry to which the server redirects instead of answering.
    """

    cidr: str
    name: str = ""
    kind: str = "org"
    handle: str = ""
    type: str = ""
    netname: str = "SANDBOX-NET"
    moved_to: str | None = None


def network_answer(registry: str, record: RdapRecord) -> Mapping[str, Any]:
    """The answer, as JSON will have it."""
    network = ip_network(record.cidr)
    first, last = network.network_address, network.broadcast_address
    answer: dict[str, Any] = {
        "rdapConformance": [*_LEVEL, *([] if registry == "lacnic" else ["cidr0"])],
        "objectClassName": "ip network",
        "handle": _handle(registry, record),
        "startAddress": str(first),
        "endAddress": str(last),
        "ipVersion": f"v{network.version}",
        "name": record.netname,
        "type": record.type or _TYPES[registry],
        "status": ["active"],
        "entities": _entities(registry, record),
        "notices": [_NOTICE],
        "port43": "whois.sandbox.test",
    }
    if registry != "lacnic":
        answer["cidr0_cidrs"] = [
            {f"v{part.version}prefix": str(part.network_address), "length": part.prefixlen}
            for part in summarize_address_range(first, last)
        ]
    if registry == "arin":
        answer["arin_originas0_originautnums"] = []
    return answer


def number_answer(registry: str, asn: int, name: str, handle: str = "") -> Mapping[str, Any]:
    """Of an AS number (section 5.5)."""
    return {
        "rdapConformance": _LEVEL,
        "objectClassName": "autnum",
        "handle": f"AS{asn}",
        "startAutnum": asn,
        "endAutnum": asn,
        "name": "SANDBOX-AS",
        "status": ["active"],
        "entities": _entities(registry, RdapRecord("", name=name, handle=handle)),
        "notices": [_NOTICE],
    }


def error_answer(code: int, title: str) -> Mapping[str, Any]:
    """An error (RFC 9083, section 6)."""
    said = {"errorCode": code, "title": title, "description": [title]}
    return {"rdapConformance": _LEVEL, "notices": [_NOTICE], **said}


def _handle(registry: str, record: RdapRecord) -> str:
    network = ip_network(record.cidr)
    if registry == "arin":
        words = str(network.network_address).replace(".", "-").replace(":", "-")
        return f"NET{'6' if network.version == 6 else ''}-{words}-1"  # noqa: PLR2004 - family
    if registry == "lacnic" or network.version == 6:  # noqa: PLR2004 - address family
        return record.cidr
    return f"{network.network_address} - {network.broadcast_address}"


def _entities(registry: str, record: RdapRecord) -> list[Mapping[str, Any]]:
    suffix = _SUFFIXES.get(registry)
    handle = record.handle or (f"ORG-SB1-{suffix}" if suffix else f"SB-{registry.upper()}")
    found = [_entity(handle, "registrant", record.kind, record.name)] if record.name else []
    if registry in _WITH_MAINTAINERS:
        found.insert(0, _entity("SANDBOX-MNT", "registrant", "individual", "SANDBOX-MNT"))
    return [*found, _entity("SB1-CONTACT", "technical", "individual", "Sandbox Contact")]


def _entity(handle: str, role: str, kind: str, name: str) -> Mapping[str, Any]:
    card = [["version", {}, "text", "4.0"], ["fn", {}, "text", name], ["kind", {}, "text", kind]]
    return {
        "objectClassName": "entity",
        "handle": handle,
        "roles": [role],
        "vcardArray": ["vcard", card],
    }
