"""The registries' portals of the sandbox (the `Portal` port), for its pages."""

import asyncio
from collections.abc import Mapping, Sequence

from byoip.domain.asn import Asn
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.sandbox_shares import sandbox_asns
from byoip.domain.prefix import Prefix
from byoip.ports.portal import Misbehaving
from byoip.sandbox.control import VrpRow
from byoip.sandbox.internet import SandboxInternet
from byoip.sandbox.name_server import FAULTS
from byoip.sandbox.rdap_server import RdapFault
from byoip.sandbox.roas import RpkiFault, SandboxRoas
from byoip.sandbox.whois_server import IrrFault


class SandboxPortal:
    """Puts into the small Internet what a customer would at portals; one at a time."""

    def __init__(self, internet: SandboxInternet, roas: SandboxRoas) -> None:
        self._internet = internet
        self._roas = roas
        self._turn = asyncio.Lock()

    @property
    def parties(self) -> Sequence[Misbehaving]:
        """Those that can misbehave, and how they do."""
        whois, rdap = self._internet.whois.fault, self._internet.rdap.fault
        names, roas = self._internet.names.fault, self._roas.fault
        return [
            Misbehaving("irr", "Registries (whois)", [*IrrFault], whois or ""),
            Misbehaving("dns", "Name servers", sorted(FAULTS), names or ""),
            Misbehaving("rpki", "Relying party (ROA data)", [*RpkiFault], roas or ""),
            Misbehaving("rdap", "Registration data (RDAP)", [*RdapFault], rdap or ""),
        ]

    @property
    def numbers(self) -> Mapping[Asn, str]:
        """Those that registries have given."""
        return {Asn(row.first): one.source for one in RIRS for row in sandbox_asns(one.key)}

    async def put_txt(self, owners: Sequence[str], value: str) -> None:
        """Publish a value at each of these names."""
        for owner in owners:
            self._internet.names.put_txt(owner, [value])

    async def put_object(self, source: str, text: str) -> None:
        """Publish an object."""
        self._internet.whois.put(source, text.encode())

    async def put_aut_num(self, asn: Asn, line: str) -> None:
        """Publish the object of a number, in the place of what was there."""
        source = self.numbers.get(asn)
        if source is None:
            raise ValueError(f"{asn} is given to nobody")
        text = f"aut-num: {asn}\nas-name: SANDBOX\n{line}\nmnt-by: YOUR-MAINTAINER\n"
        self._internet.whois.put(source, f"{text}source: {source}\n".encode())

    async def put_roa(self, prefix: Prefix, origin: Asn, anchor: str) -> None:
        """Publish a ROA, and load it."""
        async with self._turn:
            cidr = str(prefix)
            row = VrpRow(prefix=cidr, asn=origin.number, maxLength=prefix.length, ta=anchor)
            others = [one for one in self._roas.rows if one.prefix != cidr or one.asn != row.asn]
            await self._roas.put([*others, row])

    async def plant(self, kinds: Mapping[str, str]) -> None:
        """Have parties misbehave, or behave again."""
        async with self._turn:
            irr, rdap = kinds.get("irr"), kinds.get("rdap")
            dns, rpki = kinds.get("dns"), kinds.get("rpki")
            faults = IrrFault(irr) if irr else None, RdapFault(rdap) if rdap else None
            if dns:
                self._internet.names.set_fault(dns)
            else:
                self._internet.names.clear_fault()
            self._internet.whois.fault, self._internet.rdap.fault = faults
            if (rpki or None) != self._roas.fault:
                await (self._roas.set_fault(rpki) if rpki else self._roas.clear_fault())
