"""What is read of an RDAP answer (RFC 9083): a few fields, each of the right type, or nothing."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from byoip.adapters.checks.whois_dialects import NotAnAnswer
from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Fault
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.network import (
    LONGEST_NAME,
    Entity,
    Network,
    NumberRange,
    address_text,
    legible,
    registrant_of,
)

_NETWORK: Final = "ip network"
_AUTNUM: Final = "autnum"
_MOST_ENTITIES: Final = 100  # of which one may be the registrant
_LONGEST_WORD: Final = 80
_NOT_FOUND: Final = 404


_NO_CARD: Final = msgspec.Raw(b"null")


class _Entity(msgspec.Struct):
    handle: str | None = None
    roles: list[str] = []
    vcardArray: msgspec.Raw = _NO_CARD  # noqa: N815 - the name in the JSON


class _Network(msgspec.Struct):
    """What is read; all else is skipped without being built."""

    objectClassName: str  # noqa: N815
    startAddress: str  # noqa: N815
    endAddress: str  # noqa: N815
    handle: str | None = None
    name: str | None = None
    type: str | None = None
    entities: list[_Entity] = []


class _Numbers(msgspec.Struct):
    """The same of AS numbers."""

    objectClassName: str  # noqa: N815
    startAutnum: int  # noqa: N815
    endAutnum: int  # noqa: N815
    handle: str | None = None
    entities: list[_Entity] = []


class _Error(msgspec.Struct):
    errorCode: int  # noqa: N815


def read_network(body: bytes, prefix: Prefix) -> Network:
    """The network, which contains the prefix.

    Raises:
        NotAnAnswer: it is no such answer.
    """
    try:
        network = _network(msgspec.json.decode(body, type=_Network))
    except (ValueError, msgspec.DecodeError, RecursionError) as fault:
        detail = legible(f"not the JSON of a network: {fault}")
        raise NotAnAnswer(Fault.GARBAGE, detail) from fault
    if not network.contains(prefix):
        raise NotAnAnswer(Fault.GARBAGE, f"{network.block} does not contain {prefix}")
    return network


def read_numbers(body: bytes, asn: Asn) -> NumberRange:
    """The numbers, among which is this one.

    Raises:
        NotAnAnswer: it is no such answer.
    """
    try:
        found = msgspec.json.decode(body, type=_Numbers)
        registrant = registrant_of(_entities(found.entities))
    except (ValueError, msgspec.DecodeError, RecursionError) as fault:
        detail = legible(f"not the JSON of an AS number: {fault}")
        raise NotAnAnswer(Fault.GARBAGE, detail) from fault
    first, last = found.startAutnum, found.endAutnum
    if found.objectClassName != _AUTNUM or not first <= asn.number <= last:
        raise NotAnAnswer(Fault.GARBAGE, f"not about {asn}")
    return NumberRange(first, last, legible(found.handle or "", _LONGEST_WORD), registrant)


def says_not_found(body: bytes) -> bool:
    """Whether it is an RDAP server's "not found": status 404 alone may come from anywhere."""
    try:
        return msgspec.json.decode(body, type=_Error).errorCode == _NOT_FOUND
    except (ValueError, msgspec.DecodeError, RecursionError):
        return False


def _network(found: _Network) -> Network:
    if found.objectClassName != _NETWORK:
        raise ValueError(f"an object of class {found.objectClassName!r:.60}")
    return Network(
        first=address_text(found.startAddress),
        last=address_text(found.endAddress),
        handle=legible(found.handle or "", _LONGEST_WORD),
        name=legible(found.name or "", _LONGEST_WORD),
        type=legible(found.type or "", _LONGEST_WORD),
        registrant=registrant_of(_entities(found.entities)),
    )


def _entities(listed: list[_Entity]) -> Iterator[Entity]:
    if len(listed) > _MOST_ENTITIES:
        raise ValueError(f"more than {_MOST_ENTITIES} entities")
    for one in listed:
        if "registrant" in one.roles:
            kind, name = _card(one.vcardArray)
            handle = legible(one.handle or "", _LONGEST_WORD)
            yield Entity(handle, frozenset(one.roles), kind, name)


def _card(kept: msgspec.Raw) -> tuple[str, str]:
    """`kind` and `fn` of a jCard (RFC 7095): a list of [property, parameters, type, value]."""
    if bytes(kept) == bytes(_NO_CARD):
        return "", ""
    _, properties = msgspec.json.decode(kept, type=tuple[str, list[list[Any]]])
    found: dict[str, str] = {}
    for name, _, _, value, *_ in properties:
        if name in ("fn", "kind"):  # a tuple: the name may be any JSON, which no set can be asked
            if not isinstance(value, str) or name in found:
                raise ValueError(f"not one text as {name} of a vCard")
            found[name] = value
    return legible(found.get("kind", ""), 20), legible(found.get("fn", ""), LONGEST_NAME)
