"""Why a name server does not count, where parent and child differ, and what to do about either."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from byoip.domain.checks.evidence import Fault, Unanswered
from byoip.domain.checks.reverse_dns.counting import Server, needed
from byoip.domain.checks.reverse_dns.observation import (
    Beneath,
    Delegation,
    NeverContacted,
    ServerObservation,
    Silent,
)
from byoip.domain.foreign_text import LONGEST_SHOWN, enumerated, listed, printable, shown

_REMOVE: Final = "or have it removed from the delegation of {zone} at {parent}."
_TCP: Final = f"Let {{server}} answer over TCP too, as RFC 7766 demands, {_REMOVE}"
_REACH: Final = (
    f"Let {{server}} answer questions from the Internet on port 53, UDP and TCP, {_REMOVE}"
)
_SERVE: Final = f"Let {{server}} serve {{zone}} with authority, {_REMOVE}"
_WAYS: Final = {
    Fault.TIMEOUT: _REACH,
    Fault.UNREACHABLE: _REACH,
    Fault.TRUNCATED: _TCP,
    Fault.TOO_LARGE: "Remove other TXT records from the name: {server} answers with too much.",
    Fault.GARBAGE: f"Check what runs at {{server}}: it does not speak DNS, {_REMOVE}",
    Fault.REFUSED: _SERVE,
    Fault.SERVER_FAILURE: f"Repair {{server}}, which fails to answer for {{zone}}, {_REMOVE}",
    Fault.LAME: _SERVE,
    Fault.OUT_OF_BUDGET: "Name fewer name servers, or addresses, for {zone}.",
}
_PUBLIC: Final = f"Serve {{zone}} at {{server}} from a public address, {_REMOVE}"
_OWN_ADDRESSES: Final = f"Give {{server}} addresses of which no other server has any, {_REMOVE}"
_GLUE: Final = (
    "Have {parent} give the addresses of {server} with its delegation (glue), at each of its name "
    "servers, or name it outside {zone}."
)
_SIGN: Final = (
    "Sign the zone of the name {server} (DNSSEC), or name servers for {zone} at {parent} whose "
    "addresses the registry of their names gives with its delegation (glue); or prove the prefix "
    "by a route object in place of reverse DNS."
)
_SHOW: Final = (
    "Put the text into the zone {zone} itself, with no zone {cut} at its name servers; or delegate "
    "{cut} to name servers that do not serve {zone}; or sign both zones (DNSSEC), each with its DS "
    "record in the zone above; or prove the prefix by a route object in place of reverse DNS."
)
_REVERSE: Final = ".arpa."
_EVERYWHERE: Final = (
    "Wait until all name servers of {parent} delegate {zone} to {server}, or tell the registry "
    "that they differ."
)
_AT_PARENT: Final = (
    "the zone's own NS records name {names}, to which {parent} does not delegate: have them added "
    "at {parent}, or take them out of the zone"
)
_IN_ZONE: Final = (
    "{parent} delegates to {names}, which the zone's own NS records do not name: add them to the "
    "zone, or have them removed at {parent}"
)
_AT_SOME: Final = (
    "not every name server of {parent} delegates to {names}: wait until all do, or tell the "
    "registry"
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why one server does not count, and what to do."""

    fault: Fault
    seen: str
    fix: str


def bare(name: str) -> str:
    """A name without the root's dot, so that a sentence does not end in two.

    Of a long one its end, which says whose it is.
    """
    plain = printable(name.removesuffix("."))
    return plain if len(plain) <= LONGEST_SHOWN else f"...{plain[3 - LONGEST_SHOWN :]}"


def complaint(
    server: Server, observed: Sequence[ServerObservation], delegation: Delegation
) -> Complaint:
    """What is wrong with a server that should show the token, and does not count."""
    mine = [one for one in observed if one.server in server.names]
    silent = [one.answer for one in mine if isinstance(one.answer, Silent)]
    avoided = [one.answer for one in mine if isinstance(one.answer, NeverContacted)]
    beneath = [bare(one.answer.zone) for one in mine if isinstance(one.answer, Beneath)]
    if server.borrows:
        fault, seen, fix = Fault.LAME, "lists addresses of another server", _OWN_ADDRESSES
    elif not set(server.names) & set(delegation.every):
        fault, seen, fix = Fault.LAME, "is not named by every server of the parent", _EVERYWHERE
    elif not server.addresses and any(one.address for one in mine):
        fault, seen, fix = Fault.LAME, *_unsure(server)
    elif beneath:
        fault, fix = Fault.LAME, _SHOW
        seen = f"answers out of a zone that is not seen to be delegated: {beneath[0]}"
    elif silent:
        first = silent[0]
        fault, seen = first.fault, first.detail
        fix = _TCP if first.only_udp else _WAYS.get(fault, _REACH)
    elif avoided:
        fault, seen, fix = Fault.NOT_ASKED, f"is never contacted: {avoided[0].why}", _PUBLIC
    else:
        fault, seen, fix = Fault.UNREACHABLE, "was not asked", _REACH
    name = ", ".join(map(bare, server.names))
    zone, parent = _places(delegation)
    told = fix.format(server=name, zone=zone, parent=parent, cut=beneath[0] if beneath else "")
    return Complaint(fault, f"{name}: {shown(seen)}", told)


def _unsure(server: Server) -> tuple[str, str]:
    """Its addresses are told by an unsigned zone only, of which it may run a server."""
    if all(name.endswith(_REVERSE) for name in server.names):
        return "has addresses by its own zone's word only", _GLUE
    return "has addresses by an unsigned zone's word only", _SIGN


def too_few(
    what: str,
    observed: Sequence[ServerObservation],
    delegation: Delegation,
    servers: Sequence[Server],
    counted: Sequence[Server],
) -> Unanswered:
    """Not enough servers count: what is wrong with each of the others."""
    wrong = [complaint(one, observed, delegation) for one in servers if one not in counted]
    each = enumerated(one.seen for one in wrong)
    faults = [one.fault for one in wrong]
    told = [fault for fault in faults if fault is not Fault.NOT_ASKED]  # it might answer later
    return Unanswered(
        (told or faults)[0],
        f"{what}, and {needed(len(servers))} must be ({each})",
        " ".join(dict.fromkeys(one.fix for one in wrong)),
    )


def differences(delegation: Delegation | None) -> Iterator[str]:
    """Where parent and child name other servers, each with what to do."""
    if delegation is None:
        return
    zone, parent = _places(delegation)
    named, own = set(delegation.named), set(delegation.own)
    for text, names in (
        (_AT_SOME, set(delegation.some)),
        (_AT_PARENT, own - named if own else set()),
        (_IN_ZONE, named - own if own else set()),
    ):
        if names:
            said = text.format(names=listed(bare(one) for one in sorted(names)), parent=parent)
            yield f"{zone}: {said}."


def _places(delegation: Delegation) -> tuple[str, str]:
    above = delegation.parent and bare(delegation.parent)
    return bare(delegation.zone), above or "the registry"
