"""What a DNS message says, in the domain's words."""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.DNAME
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rrset

from byoip.domain.checks.evidence import Fault
from byoip.domain.checks.rdns_ownership import Alias, ServerAnswer, Silent, TxtValues

_MOST_VALUES = 64
_LONGEST_VALUE = 1024  # far above any token: what is cut here equals none
_LONGEST_TEXT = 200
_MOST_ERRORS = 4

_REFUSALS = {
    dns.rcode.SERVFAIL: Fault.SERVER_FAILURE,
    dns.rcode.REFUSED: Fault.REFUSED,
    dns.rcode.NOTAUTH: Fault.LAME,
}

# Extended DNS errors that mean "does not validate" (RFC 8914, section 4). Not among them: what is
# treated as insecure (1, 2), undecided (5), and failures to reach a server (22, 23).
_BOGUS = frozenset({6, 7, 8, 9, 10, 11, 12})

# Printable ASCII but the backslash; every other byte is written \DDD (RFC 1035, section 5.1), so
# that a value fits any text column and none looks like a token that it is not.
_PRINTED = [chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\{b:03}" for b in range(256)]  # noqa: PLR2004 - ASCII


def txt_answer(message: dns.message.Message, owner: dns.name.Name) -> ServerAnswer:
    """The TXT values at `owner`: any alias in the answer, or strange matter, is not a value."""
    rcode = message.rcode()
    if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return _refusal(message)
    target = _alias(message)
    if target is not None:
        return Alias(target.to_text())
    records = _at(message, owner, dns.rdatatype.TXT)
    if not records and not message.answer:
        return TxtValues(())
    if not records or rcode == dns.rcode.NXDOMAIN:
        return Silent(Fault.GARBAGE, "its answer contradicts itself or speaks of other names")
    values = {b"".join(r.strings) for r in records if isinstance(r, dns.rdtypes.ANY.TXT.TXT)}
    if len(values) > _MOST_VALUES:
        return Silent(Fault.TOO_LARGE, f"more than {_MOST_VALUES} TXT records at one name")
    return TxtValues(tuple(sorted(_printed(value) for value in values)))


def is_authenticated(message: dns.message.Message) -> bool:
    """Whether the resolver vouches for it (RFC 4035, section 3.2.3)."""
    return bool(message.flags & dns.flags.AD)


def unauthenticated(answer: ServerAnswer) -> ServerAnswer:
    """In a secure zone values count only with AD; a denial may lack it (RFC 5155, section 9.2)."""
    if isinstance(answer, TxtValues) and answer.values:
        detail = "the resolver does not vouch for an answer out of a signed zone"
        return Silent(Fault.SERVER_FAILURE, detail)
    return answer


def is_authoritative(message: dns.message.Message) -> bool:
    """Whether the server speaks for the zone (RFC 1035, section 4.1.1)."""
    return bool(message.flags & dns.flags.AA)


def apex(message: dns.message.Message, name: dns.name.Name) -> dns.name.Name | None:
    """The zone that holds `name`, out of the answer to a question for its SOA.

    At the apex it is the answer, below it stands in the authority section (RFC 2308, section 3).
    """
    if _alias(message) is not None:
        return None
    for rrset in (*message.answer, *message.authority):
        if rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name):
            return rrset.name
    return None


def name_servers(message: dns.message.Message, zone: dns.name.Name) -> list[dns.name.Name]:
    """The names in the zone's NS records, in canonical order."""
    records = _at(message, zone, dns.rdatatype.NS)
    return sorted({r.target for r in records if isinstance(r, dns.rdtypes.ANY.NS.NS)})


def addresses(message: dns.message.Message) -> list[str]:
    """Every address in the answer, as text."""
    kinds = (dns.rdtypes.IN.A.A, dns.rdtypes.IN.AAAA.AAAA)
    return sorted({r.address for rrset in message.answer for r in rrset if isinstance(r, kinds)})


def proven_bogus(message: dns.message.Message) -> bool | None:
    """Whether a SERVFAIL is DNSSEC's verdict; None where the resolver gives no reason."""
    errors = _extended_errors(message)
    return any(error.code in _BOGUS for error in errors) if errors else None


def _extended_errors(message: dns.message.Message) -> list[dns.edns.EDEOption]:
    return [option for option in message.options if isinstance(option, dns.edns.EDEOption)]


def _refusal(message: dns.message.Message) -> Silent:
    rcode = message.rcode()
    said = f"it answers {dns.rcode.to_text(rcode)}"
    for error in _extended_errors(message)[:_MOST_ERRORS]:
        said += f"; extended error {int(error.code)} {_legible(error.text or '')}".rstrip()
    return Silent(_REFUSALS.get(rcode, Fault.SERVER_FAILURE), said)


def _at(
    message: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> list[object]:
    wanted = (name, dns.rdataclass.IN, kind)
    return [
        record
        for rrset in message.answer
        if (rrset.name, rrset.rdclass, rrset.rdtype) == wanted
        for record in rrset
    ]


def _alias(message: dns.message.Message) -> dns.name.Name | None:
    # A DNAME comes with the CNAME that follows from it (RFC 6672, section 3.1), but it need not.
    kinds = (dns.rdtypes.ANY.CNAME.CNAME, dns.rdtypes.ANY.DNAME.DNAME)
    for rrset in message.answer:
        for record in rrset:
            if isinstance(record, kinds):
                return record.target
    return None


def _printed(value: bytes) -> str:
    return "".join(_PRINTED[byte] for byte in value[:_LONGEST_VALUE])


def _legible(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:_LONGEST_TEXT])
