"""What a DNS message says, in the domain's words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from byoip.adapters.checks.dns_message import Address, Kind, Message, Name, Record, Soa, Target, Txt
from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    DelegatedAway,
    Delegation,
    ServerAnswer,
    Silent,
    TxtValues,
)

_AUTHORITATIVE, _AUTHENTICATED = 0x0400, 0x0020  # flags AA and AD
_NOERROR, SERVFAIL, _NXDOMAIN, REFUSED, _NOTAUTH = 0, 2, 3, 5, 9
_RCODES = {1: "FORMERR", SERVFAIL: "SERVFAIL", 4: "NOTIMP", REFUSED: "REFUSED", _NOTAUTH: "NOTAUTH"}
_MOST_VALUES = 64
_LONGEST_VALUE = 1024  # far above any token: what is cut here equals none
_LONGEST_TEXT = 200
_MOST_ERRORS = 4

_REFUSALS = {
    SERVFAIL: Fault.SERVER_FAILURE,
    REFUSED: Fault.REFUSED,
    _NOTAUTH: Fault.LAME,
}
_LAME = Silent(Fault.LAME, "it answers without authority for the zone")

# Extended DNS errors that mean "does not validate" (RFC 8914, section 4). Not among them: what is
# treated as insecure (1, 2), undecided (5), and failures to reach a server (22, 23).
_BOGUS = frozenset({6, 7, 8, 9, 10, 11, 12})

# Printable ASCII but the backslash; every other byte is written \DDD (RFC 1035, section 5.1), so
# that a value fits any text column and none looks like a token that it is not.
_PRINTED = [chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\{b:03}" for b in range(256)]  # noqa: PLR2004 - ASCII


@dataclass(frozen=True, slots=True)
class Referral:
    """A server of the zone above says that this zone is at these name servers.

    Attributes:
        glue: addresses that it gives for their names (RFC 9471).
    """

    zone: Name
    servers: tuple[Name, ...]
    glue: Mapping[Name, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name server is.

    Attributes:
        sure: the addresses for which the resolver vouches.
        told: all of them.
        alias: its name is one, so it has no addresses (RFC 2181, section 10.3).
    """

    sure: frozenset[str]
    told: frozenset[str]
    alias: bool = False


def server_answer(message: Message, owner: Name, zone: Name) -> ServerAnswer | Referral:
    """What a server that should know `zone` says at `owner`, asked without recursion.

    A referral leads down from the zone, on the way to the owner name (RFC 1034, section 4.3.2, step
    3b). One to the owner name itself is no way to it: the text stands at that name, or nowhere.
    """
    if not is_authoritative(message):
        refers = referral(message, owner, zone)
        if isinstance(refers, Referral) and refers.zone == owner:
            return DelegatedAway(str(refers.servers[0]))
        if refers:
            return refers
    answer = txt_answer(message, owner)
    if isinstance(answer, Silent) or is_authoritative(message):
        return answer
    return _LAME


def referral(message: Message, owner: Name, zone: Name) -> Referral | None:
    """Whither a server of `zone`, which has no authority below, leads on the way to `owner`."""
    delegated = [one for one in message.authority if one.kind == Kind.NS]
    cuts = {one.name for one in delegated}
    if message.rcode != _NOERROR or message.answer or len(cuts) != 1:
        return None
    (cut,) = cuts
    if cut == zone or not cut.is_within(zone) or not owner.is_within(cut):
        return None
    servers = tuple(_targets(delegated))
    glue = {name: frozenset(_addresses_at(name, message.additional)) for name in servers}
    return Referral(cut, servers, glue)


def below(above: Delegation, referrals: Sequence[Referral]) -> Delegation:
    """The delegation that servers of the zone above give, which agree on its name."""
    each = [{str(name) for name in one.servers} for one in referrals]
    every, some = set.intersection(*each), set.union(*each)
    return Delegation(
        str(referrals[0].zone), above.zone, tuple(sorted(every)), tuple(sorted(some - every))
    )


def common_glue(name: Name, referrals: Sequence[Referral]) -> frozenset[str]:
    """The addresses that all of them give for a name."""
    return frozenset.intersection(*(one.glue.get(name, frozenset[str]()) for one in referrals))


def _addresses_at(name: Name, records: Iterable[Record]) -> Iterator[str]:
    for one in records:
        if one.name == name and isinstance(one.data, Address):
            yield str(one.data)


def txt_answer(message: Message, owner: Name) -> ServerAnswer:
    """The TXT values at `owner`: any alias in the answer, or strange matter, is not a value."""
    if message.rcode not in {_NOERROR, _NXDOMAIN}:
        return _refusal(message)
    target = _alias(message)
    if target is not None:
        return Alias(str(target))
    records = _at(message, owner, Kind.TXT)
    if not records and not message.answer:
        return TxtValues(())
    if not records or message.rcode == _NXDOMAIN:
        return Silent(Fault.GARBAGE, "its answer contradicts itself or speaks of other names")
    values = {one.data.value for one in records if isinstance(one.data, Txt)}
    if len(values) > _MOST_VALUES:
        return Silent(Fault.TOO_LARGE, f"more than {_MOST_VALUES} TXT records at one name")
    return TxtValues(tuple(sorted(_printed(value) for value in values)))


def is_authenticated(message: Message) -> bool:
    """Whether the resolver vouches for it (RFC 4035, section 3.2.3)."""
    return bool(message.flags & _AUTHENTICATED)


def unauthenticated(answer: ServerAnswer) -> ServerAnswer:
    """In a secure zone values count only with AD; a denial may lack it (RFC 5155, section 9.2)."""
    if isinstance(answer, TxtValues) and answer.values:
        detail = "the resolver does not vouch for an answer out of a signed zone"
        return Silent(Fault.SERVER_FAILURE, detail)
    return answer


def unless_delegated(message: Message, owner: Name, answer: ServerAnswer) -> ServerAnswer:
    """The answer of a signed zone, where this one to a question for DS denies that it ends there.

    The name exists, so the denial is of the type only.
    """
    if message.rcode != _NOERROR:
        return _refusal(message)
    return DelegatedAway("servers of its own") if _at(message, owner, Kind.DS) else answer


def unless_apex(message: Message, owner: Name, answer: ServerAnswer) -> ServerAnswer:
    """The answer of a server, where its answer to a question for SOA denies that a zone begins."""
    if message.rcode != _NOERROR:
        return _refusal(message)
    if (target := _alias(message)) is not None:
        return Alias(str(target))
    if not is_authoritative(message):
        return _LAME
    return DelegatedAway("a zone of its own") if apex(message, owner) == owner else answer


def is_authoritative(message: Message) -> bool:
    """Whether the server speaks for the zone (RFC 1035, section 4.1.1)."""
    return bool(message.flags & _AUTHORITATIVE)


def apex(message: Message, name: Name) -> Name | None:
    """The zone that holds `name`, out of an answer with its SOA.

    At the apex it may be the answer, else it stands in the authority section (RFC 2308, section 3).
    """
    if _alias(message) is not None:
        return None
    for record in (*message.answer, *message.authority):
        if isinstance(record.data, Soa) and name.is_within(record.name):
            return record.name
    return None


def name_servers(message: Message, zone: Name) -> list[Name]:
    """The names in the zone's NS records, in canonical order."""
    return _targets(_at(message, zone, Kind.NS))


def addresses(message: Message, name: Name) -> frozenset[str]:
    """The addresses of a name server, as text; one whose name is an alias has none.

    RFC 2181, section 10.3.
    """
    return frozenset() if is_alias(message) else frozenset(_addresses_at(name, message.answer))


def is_alias(message: Message) -> bool:
    """Whether the answer goes through a CNAME or DNAME."""
    return _alias(message) is not None


def told_addresses(message: Message, name: Name) -> frozenset[str] | None:
    """The addresses by a server's own word; None: it says nothing, or without authority."""
    speaks = is_authoritative(message) and message.rcode in {_NOERROR, _NXDOMAIN}
    return addresses(message, name) if speaks else None


def proven_bogus(message: Message) -> bool | None:
    """Whether a SERVFAIL is DNSSEC's verdict; None where the resolver gives no reason."""
    return any(error.code in _BOGUS for error in message.errors) if message.errors else None


def _refusal(message: Message) -> Silent:
    said = f"it answers {_RCODES.get(message.rcode, f'RCODE {message.rcode}')}"
    for error in message.errors[:_MOST_ERRORS]:
        said += f"; extended error {error.code} {_legible(error.text)}".rstrip()
    return Silent(_REFUSALS.get(message.rcode, Fault.SERVER_FAILURE), said)


def _at(message: Message, name: Name, kind: Kind) -> list[Record]:
    return [one for one in message.answer if (one.name, one.kind) == (name, kind)]


def _targets(records: list[Record]) -> list[Name]:
    """The names that they point at, in canonical order (RFC 4034, section 6.1)."""
    found = {one.data.name for one in records if isinstance(one.data, Target)}
    return sorted(found, key=lambda name: str(name).split(".")[::-1])


def _alias(message: Message) -> Name | None:
    # A DNAME comes with the CNAME that follows from it (RFC 6672, section 3.1), but it need not.
    for record in message.answer:
        if record.kind in {Kind.CNAME, Kind.DNAME} and isinstance(record.data, Target):
            return record.data.name
    return None


def _printed(value: bytes) -> str:
    return "".join(_PRINTED[byte] for byte in value[:_LONGEST_VALUE])


def _legible(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:_LONGEST_TEXT])
