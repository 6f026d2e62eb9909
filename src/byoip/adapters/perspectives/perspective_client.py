"""One perspective, asked over HTTP: what it saw of a reverse zone, and at a registry.

It implements the ports of those checks, so what judges our own look judges this one as well.
Whatever is amiss with the perspective, its path, its key or its clock is no answer of the checks.
"""

import asyncio
from hashlib import blake2b
from typing import Final, TypeVar
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from byoip.adapters.bounded_get import bounded_ask
from byoip.adapters.checks.ripe_rest import rest_objects
from byoip.adapters.checks.whois_dialects import NotAnAnswer, exchange
from byoip.adapters.http_pieces import trusted
from byoip.adapters.network_policy import NetworkPolicy
from byoip.adapters.perspectives.replay import observe_again
from byoip.adapters.perspectives.wire import (
    BEFORE_AUT_NUM,
    CLOCKS_APART,
    HEADER,
    MOST_ANSWERED,
    MOST_LOOKED,
    PATH,
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
    answer_is_of,
    read,
    sign_request,
    written,
)
from byoip.adapters.system_random import SystemRandom
from byoip.domain.checks.evidence import Fault, RawAnswer
from byoip.domain.checks.reverse_dns.observation import Silent, ZoneObservation, ZoneSecurity
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.foreign_text import brief, printable, shown
from byoip.domain.perspectives.place import Place
from byoip.ports.checks.registry import (
    Found,
    Lookup,
    NoAnswer,
    NoEntries,
    RegistryAnswer,
    RegistryQuestion,
)
from byoip.ports.clock import Clock
from byoip.ports.places import Places
from byoip.ports.threads import unless_short

_AT_ONCE: Final = 64  # a /17 has 128 zones; an account alone gets half
_OK: Final = 200
_FAULTS: Final = frozenset(Fault)
_OLD: Final = (
    f"it speaks version {BEFORE_AUT_NUM}, which has no question about AS numbers: "
    "bring it up to date"
)
_Answer = TypeVar("_Answer", Looked, LookedUp, Greeting)


class PerspectiveClient:
    """Asks one perspective (the ports `ReverseDns` and `RouteRegistry`).

    Attributes:
        place: where it stands.
    """

    def __init__(
        self,
        place: Place,
        url: str,
        *,
        key: Ed25519PrivateKey,
        of_it: Ed25519PublicKey,
        clock: Clock,
        policy: NetworkPolicy,
        deadline: float,
    ) -> None:
        """Take our key and the perspective's; `deadline` in seconds for one question."""
        self.place = place
        self._url = httpx.URL(url.rstrip("/") + PATH)
        self._key = key
        self._of_it = of_it
        self._clock = clock
        self._policy = policy
        self._deadline = deadline
        self._turns = Places(_AT_ONCE)  # whoever has slow zones delays no other account

    async def observe(self, zone: ReverseZone, label: str, account_id: UUID) -> ZoneObservation:
        """What the perspective saw of the zone, looked at again here; never raises."""
        try:
            said = await self._ask(Look(str(zone.prefix), label), account_id, Looked)
            return await observe_again(said, zone, label, clock=self._clock, policy=self._policy)
        except NotAnAnswer as why:
            silent = Silent(why.fault, self._told(why))
        except ValueError as odd:
            silent = Silent(Fault.GARBAGE, f"{self.place.name}: {printable(brief(str(odd)))}")
        owner = zone.owner(label)
        return ZoneObservation(zone, owner, ZoneSecurity.UNKNOWN, silent, (), ())

    async def look_up(self, question: RegistryQuestion) -> RegistryAnswer:
        """What the registry told the perspective, read here; never raises."""
        now = self._clock.now
        try:
            said = await self._ask(_put(question), question.account_id, LookedUp)
        except NotAnAnswer as why:
            of = f"{question.registry.host}:{question.registry.port}"  # our way there is our own
            exhibit = RawAnswer(question.lookup.value, of, b"", now())
            return NoAnswer(why.fault, self._told(why), exhibit)
        exhibit = RawAnswer(printable(brief(said.asked)), shown(said.of), said.answer, now())
        if said.fault:
            fault = Fault(said.fault) if said.fault in _FAULTS else Fault.GARBAGE
            return NoAnswer(fault, printable(brief(said.detail)), exhibit)
        whose, size = question.account_id, len(said.answer)
        try:
            if said.status:
                asked_of = said.status, said.answer, question
                objects = await unless_short(whose, size, rest_objects, *asked_of)
            else:
                objects = await unless_short(whose, size, exchange(question).read, said.answer)
        except NotAnAnswer as odd:
            return NoAnswer(odd.fault, odd.detail, exhibit)
        return Found(objects, exhibit) if objects else NoEntries(exhibit)

    async def greet(self) -> str | None:
        """Why it would not answer now; None: it does."""
        try:
            await self._ask(Hello(), UUID(int=0), Greeting)
        except NotAnAnswer as why:
            return why.detail
        return None

    def _party(self, whose: UUID) -> str:
        return blake2b(whose.bytes, key=self._key.private_bytes_raw(), digest_size=8).hexdigest()

    def _told(self, why: NotAnAnswer) -> str:
        return f"perspective {self.place.name}: {why.detail}"

    async def _ask(self, question: Question, whose: UUID, kind: type[_Answer]) -> _Answer:
        """Put one question, and take an answer of this kind.

        Raises:
            NotAnAnswer: nothing came that is the perspective's answer to it.
        """
        nonce, at = SystemRandom().mint(), self._clock.now().timestamp()
        asked = Request(VERSION, self.place.name, nonce, at, question, self._party(whose))
        sent = written(asked)
        headers = {
            HEADER: sign_request(self._key, sent),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        body = bytearray()
        most = MOST_LOOKED if isinstance(question, Look) else MOST_ANSWERED
        try:
            async with asyncio.timeout(self._deadline):
                await self._turns.take(whose)
                try:
                    came = await bounded_ask(
                        "POST",
                        self._url,
                        body,
                        headers=headers,
                        tls=trusted(),
                        max_bytes=most,
                        content=sent,
                    )
                finally:
                    self._turns.give_back(whose)
        except TimeoutError:
            detail = f"no complete answer in {self._deadline:g} s"
            raise NotAnAnswer(Fault.TIMEOUT, detail) from None
        if came.status_code != _OK:
            raise NotAnAnswer(Fault.REFUSED, f"it answered with status {came.status_code}")
        told = bytes(body)
        if not answer_is_of(self._of_it, came.headers.get(HEADER, ""), sent, told):
            raise NotAnAnswer(Fault.GARBAGE, "the answer does not bear its signature")
        try:
            answer = await unless_short(whose, len(told), read, told, Answer)
        except NotForUs as why:
            raise NotAnAnswer(Fault.GARBAGE, printable(str(why))) from None
        said = self._checked(answer, nonce, question)
        if not isinstance(said, kind):
            raise NotAnAnswer(Fault.GARBAGE, "it is the answer to another question")
        return said

    def _checked(
        self, answer: Answer, nonce: str, question: Question
    ) -> Looked | LookedUp | Greeting:
        said, place = answer.answer, self.place
        if (answer.name, answer.region) != (place.name, place.region):
            other = f"it says that it is {answer.name} in {answer.region}"
            raise NotAnAnswer(Fault.GARBAGE, printable(brief(other)))
        apart = abs(self._clock.now().timestamp() - answer.at)
        if not apart <= CLOCKS_APART:
            raise NotAnAnswer(Fault.GARBAGE, f"its clock is {apart:.0f} s apart from ours")
        if isinstance(said, Refused):
            if isinstance(question, AutNum) and answer.version == BEFORE_AUT_NUM:
                raise NotAnAnswer(Fault.REFUSED, _OLD)
            raise NotAnAnswer(Fault.REFUSED, printable(brief(said.why)))
        if answer.nonce != nonce:
            raise NotAnAnswer(Fault.GARBAGE, "it is the answer to another question")
        return said


def _put(question: RegistryQuestion) -> LookUp | AutNum:
    at = question.registry.key
    if question.lookup is Lookup.AUT_NUM:
        return AutNum(at, question.asn.number)
    return LookUp(at, question.lookup.value, str(question.prefix))
