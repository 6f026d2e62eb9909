"""Random trees of zones: in each at most half of the name servers are hostile, by their names.

Honest servers tell the truth or are down, and none has the token in a zone of the tree. Hostile
ones, and their friends, say anything. The resolver hears a hostile server wherever a zone is not
signed. With tenants, honest servers have more zones: those that hostile parties added.
"""

from random import Random

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.adapters.dns_script import OWNER, RESOLVERS, TOKEN, TOP, ZONE, Script, Serve, serving
from tests.trust.dns_tree import WIDE

ACME, BETA, SIGNED = "acme.example.", "beta.example.", "example."
UNSIGNED = (ACME, BETA)
ABOVE = {  # the registry's servers, and those of the top level
    TOP: {f"r{n}.registry.example.": f"127.0.0.2{n}" for n in (1, 2, 3)},
    SIGNED: {f"tld{n}.example.": f"127.0.0.4{n}" for n in (1, 2)},
}
FRIENDS = {f"evil{n}.example.": f"127.0.6.{n}" for n in range(1, 5)}
SOA = "ns.example. host.example. 1 60 60 60 0"
_DOWN, _PLAIN = 0.35, (1, 1, 0.9, 0.3)  # how often a server is down; lies plainly
_AT_TENANTS = (OWNER, ZONE.name, WIDE, *UNSIGNED)
_RCODES = (0, 0, 0, 0, 2, 3, 5)


def _is_in(name: str, zone: str) -> bool:
    return dns.name.from_text(name).is_subdomain(dns.name.from_text(zone))


class RandomTree:
    """One tree, its servers, and what the resolver says."""

    def __init__(self, seed: int, *, tenants: bool = False) -> None:
        self._random = Random(seed)  # noqa: S311 - so that a seed can be looked at again
        self._at: dict[str, str] = {}  # where each name truly is
        self._hostile = {*FRIENDS.values()}
        self._names: dict[str, list[str]] = {}  # by zone
        self._down = _DOWN / 4 if tenants else _DOWN
        self._lying = self._random.choice((0.1, 0.9, 0.9))
        self._parents = {ZONE.name: TOP, ACME: SIGNED, BETA: SIGNED}
        places: tuple[str, ...] = ("example.", ACME, BETA, ZONE.name)
        if tenants:  # who is hostile already has enough ways
            places = ("example.", "example.", ACME)
        if self._random.random() < 1 / 2:
            self._parents |= {WIDE: TOP, ZONE.name: WIDE}
            self._fill(WIDE, (*places, WIDE))
        if tenants and WIDE in self._parents and self._random.random() < 1 / 2:
            del self._parents[ZONE.name]  # the holder has no zone of it
        else:
            self._fill(ZONE.name, places)
        for zone in UNSIGNED:
            self._fill(zone, (zone, zone, *UNSIGNED, SIGNED))
        self._zones = {at: {zone} for zone, names in ABOVE.items() for at in names.values()}
        for zone, names in self._names.items():
            for name in names:
                self._zones.setdefault(self._at[name], set()).add(zone)
        above = {at for names in ABOVE.values() for at in names.values()}
        wanted = {one for one in (*_AT_TENANTS, *self._at) if self._random.random() < 1 / 4}
        self._leading = {one for one in wanted if self._random.random() < 1 / 4}
        # Tenants add all that they want where a server has it not; of their zones some delegate.
        self._rented = {
            at: wanted - self._zones[at] for at in self._zones if tenants and at not in above
        }

    def _fill(self, zone: str, places: tuple[str, ...]) -> None:
        many = self._random.choice((2, 2, 2, 3, 4))
        hostile = self._random.randrange(many // 2 + 1)
        for number in range(many):
            name = f"n{len(self._at)}.{self._random.choice(places)}"
            self._at[name] = f"127.0.5.{len(self._at) + 1}"
            self._names.setdefault(zone, []).append(name)
            if number < hostile:
                self._hostile.add(self._at[name])

    def script(self) -> Script:
        """Its servers, of which some are down."""
        serve = {at: self._lies() for at in FRIENDS.values()}
        for at in self._zones:
            if at in self._hostile:
                serve[at] = self._lies()
            elif at == "127.0.0.21" or self._random.random() > self._down:
                serve[at] = self._truth(at)
        return Script(resolve={RESOLVERS[0]: self._resolve}, serve=serve, query_deadline=30)

    def _truth(self, at: str) -> Serve:
        def build(question: dns.message.Message) -> bytes:
            response = dns.message.make_response(question)
            name, kind = question.question[0].name.to_text(), question.question[0].rdtype.name
            rented = self._rented.get(at, set())
            all_here = self._zones[at] | rented
            mine = [zone for zone in all_here if _is_in(name, zone)]
            if kind == "DS" and len(mine) > 1:  # out of the zone above (RFC 4035, 3.1.4.1)
                mine = [zone for zone in mine if zone != name]
            if not mine:
                response.set_rcode(dns.rcode.REFUSED)
                return response.to_wire()
            zone = max(mine, key=len)
            if zone in rented:
                return self._tenant_s(response, name, kind, zone)
            for cut, parent in self._parents.items():
                if parent == zone and _is_in(name, cut):
                    return self._referred(response, cut, zone)
            response.flags |= dns.flags.AA
            known = {("NS", zone): self._names.get(zone), ("A", name): self._truly(name)}
            if values := known.get((kind, name)):
                response.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, values))
            else:
                response.authority.append(dns.rrset.from_text(zone, 60, "IN", "SOA", SOA))
            return response.to_wire()

        return serving(build)

    def _tenant_s(self, response: dns.message.Message, name: str, kind: str, zone: str) -> bytes:
        """What a zone says that a hostile party wrote, and an honest server serves."""
        names = [*FRIENDS][:2]
        below = [cut for cut in (ZONE.name, OWNER, *self._at) if cut != zone and _is_in(cut, zone)]
        for cut in below if kind != "DS" else []:
            if _is_in(name, cut) and zone in self._leading:
                response.authority.append(dns.rrset.from_text_list(cut, 60, "IN", "NS", names))
                for one in names:
                    response.additional.append(
                        dns.rrset.from_text(one, 60, "IN", "A", FRIENDS[one])
                    )
                return response.to_wire()
        response.flags |= dns.flags.AA
        data = {
            "TXT": [f'"{TOKEN}"'],
            "A": [FRIENDS[names[0]]],
            "NS": names if name == zone else [],
            "SOA": [SOA] if name == zone else [],
            "DS": [f"1 13 2 {'ab' * 32}"] if name != zone else [],
        }
        if data.get(kind):
            response.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, data[kind]))
        else:
            response.authority.append(dns.rrset.from_text(zone, 60, "IN", "SOA", SOA))
        return response.to_wire()

    def _referred(self, response: dns.message.Message, cut: str, zone: str) -> bytes:
        names = self._names[cut]
        response.authority.append(dns.rrset.from_text_list(cut, 60, "IN", "NS", names))
        response.additional += [
            dns.rrset.from_text(one, 60, "IN", "A", self._at[one])
            for one in names
            if _is_in(one, zone)
        ]
        return response.to_wire()

    def _lies(self) -> Serve:
        plainly = self._random.choice(_PLAIN)

        def build(question: dns.message.Message) -> bytes:
            response = dns.message.make_response(question)
            name, kind = question.question[0].name.to_text(), question.question[0].rdtype.name
            names = self._random.sample([*self._at, *FRIENDS], 3)
            friend = self._random.choice([*FRIENDS.values()])
            lies = {"TXT": [f'"{TOKEN}"'], "A": [friend], "NS": names}
            plain = self._random.random() < plainly
            if plain or self._random.random() < 1 / 2:
                response.flags |= dns.flags.AA
            if plain and kind in lies:
                response.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, lies[kind]))
            elif plain:
                zone = question.question[0].name.parent().to_text()
                response.authority.append(dns.rrset.from_text(zone, 60, "IN", "SOA", SOA))
            else:
                self._wildly(response, name, lies)
            return response.to_wire()

        return serving(build)

    def _wildly(self, response: dns.message.Message, name: str, lies: dict[str, list[str]]) -> None:
        random = self._random
        response.set_rcode(dns.rcode.Rcode(random.choice(_RCODES)))
        if random.random() < 1 / 3:
            kind = random.choice(("CNAME", "DNAME", "TXT", "A"))
            data = lies.get(kind, ["evil1.example."])
            owner = random.choice((name, OWNER, ZONE.name))
            response.answer.append(dns.rrset.from_text_list(owner, 60, "IN", kind, data))
        cut = random.choice((ZONE.name, ZONE.name, WIDE, OWNER, *UNSIGNED, name, TOP, SIGNED))
        response.authority.append(dns.rrset.from_text_list(cut, 60, "IN", "NS", lies["NS"]))
        for one in lies["NS"]:
            at = random.choice([*FRIENDS.values(), self._at.get(one, FRIENDS["evil1.example."])])
            response.additional.append(dns.rrset.from_text(one, 60, "IN", "A", at))

    def _resolve(self, question: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(question)
        name, kind = question.question[0].name.to_text(), question.question[0].rdtype.name
        signed = _is_in(name, SIGNED) and not any(_is_in(name, zone) for zone in UNSIGNED)
        if signed or name == TOP:
            response.flags |= dns.flags.AD
        lying = not signed and self._random.random() < self._lying
        friend = self._random.choice([*FRIENDS.values()])
        at_zone = [*FRIENDS] if name == ZONE.name else []
        known = {
            ("NS", name): [*ABOVE.get(name, self._names.get(name, at_zone))],
            ("A", name): [friend] if lying else self._truly(name),
            ("TXT", OWNER): [f'"{TOKEN}"'],
            ("SOA", ZONE.name): [SOA],
        }
        if values := known.get((kind, name)):
            response.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, values))
        return [response.to_wire()]

    def _truly(self, name: str) -> list[str]:
        everyone = self._at | FRIENDS | ABOVE[TOP] | ABOVE[SIGNED]
        return [everyone[name]] if name in everyone else []
