"""What a perspective does with a request: whose it is, and what came of its question.

It is no open resolver and no open proxy: only cores whose keys it knows get an answer, to questions
about reverse zones with its own label, and about prefixes and AS numbers at registries of its own
settings.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from byoip.adapters.checks.dns_exchange import has_route
from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.perspectives.replay import recording
from byoip.adapters.perspectives.wire import (
    CLOCKS_APART,
    VERSION,
    Answer,
    AutNum,
    Greeting,
    Hello,
    Look,
    Looked,
    LookedUp,
    LookUp,
    NotForUs,
    Question,
    Refused,
    Request,
    read,
    request_is_of,
    sign_answer,
    written,
)
from byoip.domain.asn import Asn
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.reverse_zone import NoReverseZone, ReverseZone, reverse_zones
from byoip.domain.prefix import InvalidPrefix, Prefix
from byoip.ports.checks.registry import Found, Lookup, NoAnswer, RegistryQuestion, RouteRegistry
from byoip.ports.clock import Clock
from byoip.ports.places import Places

OK: Final = 200
UNSIGNED: Final = 401
_AT_ONCE: Final = 64
_SECONDS: Final = 25.0  # a look ends within 20
_MOST_NONCES: Final = 100_000
_NOBODY: Final = UUID(int=0)  # the core says for no question whose it is
_LOOKUPS: Final = frozenset(Lookup) - {Lookup.AUT_NUM}
_ROUTED: Final = {4: "192.0.2.1", 6: "2001:db8::1"}


@dataclass
class Answering:
    """One perspective.

    Attributes:
        name, region: as every core has them in its settings.
        key: ours.
        callers: keys of the cores that are answered.
        label: before reverse zones; no other is looked for.
    """

    name: str
    region: str
    key: Ed25519PrivateKey
    callers: Sequence[Ed25519PublicKey]
    clock: Clock
    resolver: DnsLooks
    registry: RouteRegistry
    registries: Mapping[str, Registry]
    label: str
    _seen: dict[str, float] = field(default_factory=dict)
    _turns: Places = field(default_factory=lambda: Places(_AT_ONCE))
    _began: float = 0.0

    def __post_init__(self) -> None:
        """Nonces of before are not known, so what was asked before is not answered."""
        self._began = self.clock.now().timestamp()

    async def __call__(self, body: bytes, signature: str) -> tuple[int, bytes, str]:
        """The status, the answer and its signature; a stranger gets a status only."""
        if not any(request_is_of(one, signature, body) for one in self.callers):
            return UNSIGNED, b"", ""
        nonce = ""
        answer: Looked | LookedUp | Greeting | Refused
        try:
            request = read(body, Request)
            nonce = request.nonce[:64]
            self._admit(request)
            async with asyncio.timeout(_SECONDS):
                answer = await self._in_turn(request)
        except NotForUs as why:
            answer = Refused(str(why))
        except TimeoutError:
            answer = Refused(f"no answer within {_SECONDS:g} s")
        at = self.clock.now().timestamp()
        told = written(Answer(VERSION, self.name, self.region, nonce, at, answer))
        return OK, told, sign_answer(self.key, body, told)

    def _admit(self, request: Request) -> None:
        """Take a request once, and only one for us, of this moment."""
        now = self.clock.now().timestamp()
        if request.to != self.name:
            raise NotForUs(f"this is {self.name}")
        if not abs(now - request.at) <= CLOCKS_APART:
            raise NotForUs(f"the clocks are {abs(now - request.at):.0f} s apart")
        if request.at < self._began:
            raise NotForUs("this process began after the question was asked")
        self._seen = {one: until for one, until in self._seen.items() if until > now}
        if request.nonce in self._seen:
            raise NotForUs("the same request came before")
        if len(self._seen) >= _MOST_NONCES:
            raise NotForUs("too many questions in two minutes")
        self._seen[request.nonce] = now + 2 * CLOCKS_APART

    async def _in_turn(self, request: Request) -> Looked | LookedUp | Greeting:
        """Of one account only a part, by however many workers it has us asked."""
        await self._turns.take(request.party)
        try:
            return await self._asked(request.question)
        finally:
            self._turns.give_back(request.party)

    async def _asked(self, question: Question) -> Looked | LookedUp | Greeting:
        match question:
            case Look():
                return await self._look(question)
            case LookUp():
                return await self._look_up(question)
            case AutNum():
                about = self._registry(question.registry), Asn(question.asn), _NOBODY
                return await self._told(RegistryQuestion.of_aut_num(*about))
            case Hello():
                return Greeting(version("byoip"))

    async def _look(self, question: Look) -> Looked:
        zones = _zones(_prefix(question.zone))
        if len(zones) != 1 or question.label != self.label:
            raise NotForUs(f"not one reverse zone with the label {self.label}")
        resolver, record = recording(self.resolver)
        await resolver.observe(zones[0], self.label, _NOBODY)
        limits = resolver.limits
        return Looked(
            [(one.address, one.port) for one in limits.resolvers],
            limits.authority_port,
            [family for family, address in _ROUTED.items() if has_route(address)],
            record.exchanges,
        )

    async def _look_up(self, question: LookUp) -> LookedUp:
        registry = self._registry(question.registry)
        if question.lookup not in _LOOKUPS:
            raise NotForUs("no such question about a prefix")
        asked = Lookup(question.lookup), _prefix(question.prefix), _NOBODY
        return await self._told(RegistryQuestion(registry, *asked))

    def _registry(self, key: str) -> Registry:
        if key not in self.registries:
            raise NotForUs("no such registry")
        return self.registries[key]

    async def _told(self, question: RegistryQuestion) -> LookedUp:
        answer = await self.registry.look_up(question)
        exhibit = answer.exhibit
        told = LookedUp(exhibit.asked, exhibit.of, exhibit.answer)
        if isinstance(answer, NoAnswer):
            told.fault, told.detail = answer.fault.value, answer.detail
        elif question.registry.rest_url is not None:
            told.status = 200 if isinstance(answer, Found) else 404
        return told


def _prefix(text: str) -> Prefix:
    try:
        return Prefix.parse(text)
    except InvalidPrefix:
        raise NotForUs("not a prefix") from None


def _zones(prefix: Prefix) -> tuple[ReverseZone, ...]:
    try:
        return reverse_zones(prefix)
    except NoReverseZone:
        raise NotForUs("no reverse zone") from None
