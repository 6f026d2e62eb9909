"""The records of the sandbox's name servers: TXT below the reverse zones, and the servers."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

_REVERSE = (dns.name.from_text("in-addr.arpa."), dns.name.from_text("ip6.arpa."))
_HOSTS = dns.name.from_text("sandbox.test.")  # RFC 6761, section 6.2
_OF_ADDRESS = re.compile(rb"[0-9a-f]{1,3}", re.IGNORECASE)  # an octet or a nibble
_LONGEST_STRING = 255  # RFC 1035, section 3.3
_MOST_VALUES = 64
_LONGEST_TXT = 8192

_Records = tuple[dns.rdata.Rdata, ...]
_Txt = dict[dns.name.Name, _Records]
_Apex = Mapping[dns.rdatatype.RdataType, _Records]
_Fixed = Mapping[dns.name.Name, _Apex]


class ReverseRecords:
    """The records of `in-addr.arpa` and `ip6.arpa`, and of zones one octet or nibble below them.

    The upper ones are the registry's; the lower ones are there for every octet and nibble, and
    hold what customers publish. The same servers serve them all.
    """

    def __init__(self, beneath: "ReverseRecords | None" = None) -> None:
        """Begin empty; what stands at no name here is as it is `beneath`, if that is given."""
        self._beneath = beneath
        self._apex: _Apex = {}
        self._fixed: _Fixed = {}
        self._aliases: dict[dns.name.Name, _Records] = {}
        self._bogus: set[dns.name.Name] = set()
        self._txt: _Txt = {}
        self._served: _Txt = self._txt  # another table only while frozen

    def serve_from(self, addresses: Sequence[str]) -> None:
        """Name the servers of the zones: ns1.sandbox.test and so on, at these addresses."""
        self._apex, self._fixed = _apex_records(addresses), _host_records(addresses)

    def put(self, owner_name: str, values: Sequence[str]) -> None:
        """Publish these values at a name, one TXT record each, in place of what was there."""
        owner, least = _owner(owner_name), 1 if self._beneath is None else 0
        if not least <= len(values) <= _MOST_VALUES:
            raise ValueError(f"give {least} to {_MOST_VALUES} TXT values")
        octets = [value.encode() for value in values]
        if sum(map(len, octets)) > _LONGEST_TXT:
            raise ValueError(f"the values are longer than {_LONGEST_TXT} bytes together")
        self._txt[owner] = tuple(map(_txt_record, octets))

    def delete(self, owner_name: str) -> bool:
        """Remove the records of a name and return whether there were any."""
        return self._txt.pop(_owner(owner_name), None) is not None

    def put_alias(self, owner_name: str, target: str) -> None:
        """Have a name be an alias (CNAME), whatever else is published there."""
        owner = _owner(owner_name)
        self._aliases[owner] = (_record("CNAME", _name(target).to_text()),)

    def delete_alias(self, owner_name: str) -> bool:
        """Let what is published there be seen again; returns whether it was an alias."""
        return self._aliases.pop(_owner(owner_name), None) is not None

    def break_signatures(self, zone: str) -> None:
        """Have no signature of this zone hold, or of what lies below."""
        self._bogus.add(_owner(zone))

    def mend_signatures(self, zone: str) -> bool:
        """Unsigned again; returns whether they were broken."""
        known = _owner(zone) in self._bogus
        self._bogus.discard(_owner(zone))
        return known

    def clear(self) -> None:
        """Remove all that was put."""
        self._txt.clear()
        self._aliases.clear()
        self._bogus.clear()

    def freeze(self) -> None:
        """Keep serving the present records, whatever is put or deleted."""
        self._served = dict(self._txt)

    def thaw(self) -> None:
        """Serve the current records again."""
        self._served = self._txt

    def find(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
        """The records of this name and type."""
        if kind == dns.rdatatype.TXT:
            records = self._texts(name)
        else:
            fixed = self._apex if name == self.zone(name) else self._fixed.get(name, {})
            records = fixed.get(kind, ())
        return dns.rrset.from_rdata_list(name, 0, records) if records else None

    def alias(self, name: dns.name.Name) -> dns.rrset.RRset | None:
        """The CNAME record of this name."""
        records = self._aliases.get(name)
        if records is None and self._beneath is not None:
            return self._beneath.alias(name)
        return dns.rrset.from_rdata_list(name, 0, records) if records else None

    def bogus(self, name: dns.name.Name) -> bool:
        """Whether a resolver that validates refuses what stands there."""
        below = self._beneath is not None and self._beneath.bogus(name)
        return below or any(name.is_subdomain(zone) for zone in self._bogus)

    def zone(self, name: dns.name.Name) -> dns.name.Name | None:
        """The zone that would hold a name."""
        top = next((zone for zone in (*_REVERSE, _HOSTS) if name.is_subdomain(zone)), None)
        if top not in _REVERSE or name == top:
            return top
        below = name.split(len(top) + 1)[1]
        return below if _OF_ADDRESS.fullmatch(below.labels[0]) else top

    @staticmethod
    def signed(name: dns.name.Name) -> bool:
        """Whether a resolver vouches for it: a registry's zone, or a name server's name."""
        return name in _REVERSE or name.is_subdomain(_HOSTS)

    def exists(self, name: dns.name.Name) -> bool:
        """Whether there is such a name; one that only has others below it exists (RFC 8020)."""
        if name == self.zone(name) or name in self._fixed or self._texts(name):
            return True
        if any(one.is_subdomain(name) for one in (*self._served, *self._aliases)):
            return True
        return self._beneath is not None and self._beneath.exists(name)

    def _texts(self, name: dns.name.Name) -> _Records:
        if name in self._served or self._beneath is None:
            return self._served.get(name, ())
        return self._beneath._texts(name)  # noqa: SLF001 - of the same class


def _apex_records(addresses: Sequence[str]) -> _Apex:
    names = [f"ns{number}.{_HOSTS}" for number, _ in enumerate(addresses, start=1)]
    return {
        dns.rdatatype.SOA: (_record("SOA", f"ns1.{_HOSTS} hostmaster.{_HOSTS} 1 60 60 60 0"),),
        dns.rdatatype.NS: tuple(_record("NS", name) for name in names),
    }


def _host_records(addresses: Sequence[str]) -> _Fixed:
    found: dict[dns.name.Name, _Apex] = {}
    for number, address in enumerate(addresses, start=1):
        kind = "A" if ip_address(address).version == 4 else "AAAA"  # noqa: PLR2004 - address family
        record = _record(kind, address)
        found[dns.name.from_text(f"ns{number}", _HOSTS)] = {record.rdtype: (record,)}
    return found


def _owner(text: str) -> dns.name.Name:
    owner = _name(text)
    if owner in _REVERSE or not any(owner.is_subdomain(zone) for zone in _REVERSE):
        raise ValueError(f"{text!r:.80} is not below in-addr.arpa or ip6.arpa")
    return owner


def _name(text: str) -> dns.name.Name:
    if not text.isascii():
        raise ValueError("a name is ASCII")
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException as fault:
        raise ValueError(f"{text!r:.80} is not a domain name: {fault}") from None


def _txt_record(value: bytes) -> dns.rdata.Rdata:
    strings = [value[i : i + _LONGEST_STRING] for i in range(0, len(value), _LONGEST_STRING)]
    return dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings or [b""])


def _record(kind: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text)
