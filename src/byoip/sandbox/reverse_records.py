"""The records of the sandbox's name servers: TXT below the reverse zones, and the servers."""

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
_LONGEST_STRING = 255  # RFC 1035, section 3.3
_MOST_VALUES = 64
_LONGEST_TXT = 8192

_Records = tuple[dns.rdata.Rdata, ...]
_Txt = dict[dns.name.Name, _Records]
_Fixed = Mapping[dns.name.Name, Mapping[dns.rdatatype.RdataType, _Records]]


class ReverseRecords:
    """The records of `in-addr.arpa` and `ip6.arpa`, each one zone as a whole."""

    def __init__(self) -> None:
        self._fixed = _fixed_records(())
        self._txt: _Txt = {}
        self._served: _Txt = self._txt  # another table only while frozen

    def serve_from(self, addresses: Sequence[str]) -> None:
        """Name the servers of the zones: ns1.sandbox.test and so on, at these addresses."""
        self._fixed = _fixed_records(addresses)

    def put(self, owner_name: str, values: Sequence[str]) -> None:
        """Publish these values at a name, one TXT record each, in place of what was there."""
        owner = _owner(owner_name)
        if not 0 < len(values) <= _MOST_VALUES:
            raise ValueError(f"give 1 to {_MOST_VALUES} TXT values")
        octets = [value.encode() for value in values]
        if sum(map(len, octets)) > _LONGEST_TXT:
            raise ValueError(f"the values are longer than {_LONGEST_TXT} bytes together")
        self._txt[owner] = tuple(map(_txt_record, octets))

    def delete(self, owner_name: str) -> bool:
        """Remove the records of a name and return whether there were any."""
        return self._txt.pop(_owner(owner_name), None) is not None

    def clear(self) -> None:
        """Remove every TXT record."""
        self._txt.clear()

    def freeze(self) -> None:
        """Keep serving the present records, whatever is put or deleted."""
        self._served = dict(self._txt)

    def thaw(self) -> None:
        """Serve the current records again."""
        self._served = self._txt

    def find(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
        """The records of this name and type."""
        if kind == dns.rdatatype.TXT:
            records = self._served.get(name, ())
        else:
            records = self._fixed.get(name, {}).get(kind, ())
        return dns.rrset.from_rdata_list(name, 0, records) if records else None

    def zone(self, name: dns.name.Name) -> dns.name.Name | None:
        """The zone that would hold a name."""
        return next((zone for zone in (*_REVERSE, _HOSTS) if name.is_subdomain(zone)), None)

    def exists(self, name: dns.name.Name) -> bool:
        """Whether there is such a name; one that only has others below it exists (RFC 8020)."""
        if name in self._fixed or name in self._served:
            return True
        return any(other.is_subdomain(name) for other in self._served)


def _fixed_records(addresses: Sequence[str]) -> _Fixed:
    hosts = {
        dns.name.from_text(f"ns{number}", _HOSTS): _record(
            "A" if ip_address(address).version == 4 else "AAAA",  # noqa: PLR2004 - address family
            address,
        )
        for number, address in enumerate(addresses, start=1)
    }
    apex = {
        dns.rdatatype.SOA: (_record("SOA", f"ns1.{_HOSTS} hostmaster.{_HOSTS} 1 60 60 60 0"),),
        dns.rdatatype.NS: tuple(_record("NS", host.to_text()) for host in hosts),
    }
    return {
        **dict.fromkeys((*_REVERSE, _HOSTS), apex),
        **{host: {record.rdtype: (record,)} for host, record in hosts.items()},
    }


def _owner(text: str) -> dns.name.Name:
    if not text.isascii():
        raise ValueError("an owner name is ASCII")
    try:
        owner = dns.name.from_text(text)
    except dns.exception.DNSException as fault:
        raise ValueError(f"{text!r:.80} is not a domain name: {fault}") from None
    if owner in _REVERSE or not any(owner.is_subdomain(zone) for zone in _REVERSE):
        raise ValueError(f"{text!r:.80} is not below in-addr.arpa or ip6.arpa")
    return owner


def _txt_record(value: bytes) -> dns.rdata.Rdata:
    strings = [value[i : i + _LONGEST_STRING] for i in range(0, len(value), _LONGEST_STRING)]
    return dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings or [b""])


def _record(kind: str, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text)
