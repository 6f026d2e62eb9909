"""Look at one approved prefix: its route object, its reverse zones, and once its registrant."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from byoip.domain.checks.evidence import Fault, Passed, Unanswered
from byoip.domain.checks.irr_authorisation import RouteVerdict, judge_routes
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.reverse_dns.observation import DelegationSeen
from byoip.domain.checks.reverse_zone import ReverseZone, reverse_zones
from byoip.domain.claims.claim import Claim, ClaimNotFound
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.history import Actor
from byoip.domain.rdap.network import Network
from byoip.domain.watch import renewing
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.records import hear_route_object
from byoip.domain.watch.remembered import Remembered
from byoip.domain.watch.validity import ends_soon
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import SHARE, begins_round, hear_zones, next_share, to_look_at
from byoip.ports.checks.dns import Delegations
from byoip.ports.checks.rdap import HolderQuestion, RegistrationData
from byoip.ports.checks.registry import (
    Found,
    Lookup,
    NoAnswer,
    RegistryQuestion,
    RouteRegistry,
)
from byoip.ports.threads import in_thread
from byoip.store.transaction import Store, Transaction
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere
from byoip.usecases.watch.levels import note
from byoip.usecases.watch.renew_by_records import RenewByRecords, origins_by_roas
from byoip.usecases.watch.watcher import LEARNER, WATCHER, questions_a_day, watcher_of

EVERY: Final = timedelta(days=1)
_SOON: Final = timedelta(hours=1)  # where a question stayed unanswered
# What a customer writes there decides of these, and must not keep others waiting for their turns.
_OF_THE_OBJECTS: Final = frozenset({Fault.TOO_LARGE, Fault.GARBAGE})
_SECONDS: Final = 20.0
_FOR_ZONES: Final = 30.0  # longer than a look at one zone: who draws out one hides no others


@dataclass(frozen=True, slots=True)
class _Answers:
    """What was asked and answered; None: not asked, or not known. `doubt` says why.

    Attributes:
        came: whether the registry has answered about routes, be it with what is of no use.
        renewal: what renews the proof, or why nothing does; None: it does not end soon.
    """

    route: RouteVerdict | None = None
    doubt: str = ""
    came: bool = False
    zones: Sequence[DelegationSeen] = ()
    registrant: Network | None = None
    renewal: Passed | str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Ask registry and reverse DNS about a prefix, and record what has changed.

    Attributes:
        registries: by key.
        data: None: no registration data is asked for.
        elsewhere: other places, asked before a proof is renewed.
    """

    store: Store
    registry: RouteRegistry
    dns: Delegations
    label: str
    registries: Mapping[str, Registry] = field(default_factory=dict)
    data: RegistrationData | None = None
    elsewhere: Elsewhere = field(default_factory=Elsewhere)

    @property
    def _renew(self) -> RenewByRecords:
        about = self.registry, self.registries, self.label
        return RenewByRecords(*about, self.data, self.elsewhere)

    async def __call__(self, claim_id: UUID, *, by: Actor) -> None:
        """No transaction is open while we wait; the claim is read again before it is written."""
        async with self.store.transaction() as tx:
            try:
                claim = await tx.claims.get(claim_id)
            except ClaimNotFound:
                return
            known = await tx.watches.of(claim_id)
            now = tx.now
            registry = self.registries.get(claim.registry or "")
            if not _begins_round(claim, known):
                registry = None
            renews = ends_soon(claim, now) and _begins_round(claim, known)
            by_roas = await origins_by_roas(tx, claim) if renews else None
            if registry is not None and not renews:
                registry = registry if await _turn_to_ask(tx, claim_id, registry, known) else None
        if claim.approved:
            answers = await self._ask(claim, known, registry, now, by_roas)
            await self._record(claim, answers, by)

    async def _ask(
        self,
        claim: Claim,
        known: Mapping[Signal, Watch],
        registry: Registry | None,
        now: datetime,
        by_roas: Collection[OtherOrigin] | None,
    ) -> _Answers:
        """Answers; `by_roas` None: no proof is to be renewed."""
        route, zones, registrant = await asyncio.gather(
            self._route(claim, registry),
            self._zones(claim, known),
            self._registrant(claim, known, now),
        )
        verdict, doubt, came = route
        renewal = None
        if by_roas is not None:
            renewal = await self._renew.ask(claim, known, verdict, zones, by_roas)
        return _Answers(verdict, doubt, came, zones, registrant, renewal)

    async def _route(
        self, claim: Claim, registry: Registry | None
    ) -> tuple[RouteVerdict | None, str, bool]:
        """The verdict, why there is none, and whether an answer came."""
        if registry is None or not registry.offers_route_objects:
            return None, "", False
        question = RegistryQuestion(registry, Lookup.EXACT_ROUTES, claim.prefix, WATCHER)
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self.registry.look_up(question)
        except TimeoutError:
            return None, f"{registry.host} did not answer in time.", False
        if isinstance(answer, NoAnswer):
            return None, answer.detail, answer.fault in _OF_THE_OBJECTS
        objects = answer.objects if isinstance(answer, Found) else ()
        about = claim.prefix, claim.asn, registry, objects
        return await in_thread(claim.account_id, judge_routes, *about), "", True

    async def _zones(self, claim: Claim, known: Mapping[Signal, Watch]) -> Sequence[DelegationSeen]:
        some = to_look_at(reverse_zones(claim.prefix), _of_zones(known)[0])
        whose = watcher_of(claim.account_id)
        return await asyncio.gather(*(self._delegation(zone, whose) for zone in some))

    async def _delegation(self, zone: ReverseZone, whose: UUID) -> DelegationSeen:
        """Of one that takes too long nothing is known, and of the others what they have said."""
        try:
            async with asyncio.timeout(_FOR_ZONES):
                return await self.dns.find_delegation(zone, self.label, whose)
        except TimeoutError:
            late = "It was not answered in time."
            return DelegationSeen(zone, obstacle=Unanswered(Fault.TIMEOUT, late))

    async def _registrant(
        self, claim: Claim, known: Mapping[Signal, Watch], now: datetime
    ) -> Network | None:
        """Whom RDAP names, where that is to be remembered: before anything changes."""
        registry, holder = self.registries.get(claim.registry or ""), known.get(Signal.HOLDER)
        if self.data is None or registry is None or registry.rdap_url is None:
            return None
        if holder is None or holder.failing or not _begins_round(claim, known):
            return None
        of_proof = renewing.wanted(known.get(Signal.PROOF), _proven_at(claim), now)
        if Remembered.read(holder.baseline).registrant and not of_proof:
            return None
        asked = HolderQuestion(registry, claim.prefix, LEARNER, all_here=False)
        said = (await self.data.look_up(asked)).said
        return said.network if said.network and said.network.registrant else None

    async def _record(self, asked: Claim, answers: _Answers, by: Actor) -> None:
        async with self.store.transaction(actor=by) as tx:
            try:
                claim = await tx.claims.lock(asked.id)
            except ClaimNotFound:
                return
            if claim.approved_at != asked.approved_at:
                return  # another approval, which is looked at by itself
            known = dict(await tx.watches.of(claim.id))
            soon = renewing.soon_after(_proven_at(claim), tx.now)
            heard = _heard(known, answers, tx.now, soon=soon)
            for after in heard:
                before = known.get(after.signal, Watch(after.signal))
                claim = await note(tx, claim, before, after)
            again = await _goes_on(tx, claim, known, heard)
            if answers.registrant is not None and _proven_at(claim) == _proven_at(asked):
                await _learn(tx, claim, known, answers.registrant)
            if answers.renewal is not None:
                await self._renew.record(tx, claim, answers.renewal)
            at = tx.now + _SOON if again else _next_slot(claim.id, tx.now)
            await tx.watches.next_look(claim.id, at)
            if answers.came or not self._has_route_objects(claim):
                await tx.watches.answered(claim.id, tx.now)

    def _has_route_objects(self, claim: Claim) -> bool:
        registry = self.registries.get(claim.registry or "")
        return registry is not None and registry.offers_route_objects


async def _turn_to_ask(
    tx: Transaction, claim_id: UUID, registry: Registry, known: Mapping[Signal, Watch]
) -> bool:
    """Whether its registry is asked now: all are each day, or, of more than that, in turn.

    Turns get four fifths of a day's share. The rest is for what was never asked, or says no: that
    is asked each day, or no level would rise.
    """
    watch = known.get(Signal.ROUTE_OBJECT)
    first = watch is None or watch.failing or watch.good_at is None
    share = questions_a_day(registry.budget)
    at = {"most": max(1, share * 4 // 5), "all_of_them": share}
    return await tx.watches.turn_to_ask(claim_id, tx.now, first=first, **at)


def _of_zones(known: Mapping[Signal, Watch]) -> tuple[Watch, Watch]:
    of = Signal.REVERSE_ZONE, Signal.ZONE_SERVERS
    zones, servers = (known.get(signal, Watch(signal)) for signal in of)
    return zones, servers


def _begins_round(claim: Claim, known: Mapping[Signal, Watch]) -> bool:
    """Whether this look is the day's, and none that goes on with the zones of a wide prefix.

    Nor one that asks for its first zones again, unless of the route object, too.
    """
    zones, again = _of_zones(known)[0], known.get(Signal.ROUTE_OBJECT)
    first = not zones.heard or (again is not None and bool(again.doubt))
    return first and begins_round(zones, len(reverse_zones(claim.prefix)))


async def _goes_on(
    tx: Transaction, claim: Claim, known: Mapping[Signal, Watch], heard: Sequence[Watch]
) -> bool:
    """Whether there is more to ask today: zones that had no turn yet, and once what was silent.

    Servers of zones are silent while a zone is lost, too, and never without the zones.
    """
    silent = [one for one in heard if one.doubt and one.signal is not Signal.ZONE_SERVERS]
    every = len(reverse_zones(claim.prefix))
    if every <= SHARE:
        return any(not known.get(one.signal, Watch(one.signal)).doubt for one in silent)
    zones, _ = _of_zones(await tx.watches.of(claim.id))
    after = next_share(zones, every, again=bool(silent))
    await tx.watches.put(claim.id, after)
    return bool(after.heard)


def _heard(
    known: Mapping[Signal, Watch], answers: _Answers, now: datetime, *, soon: bool
) -> Sequence[Watch]:
    def of(signal: Signal) -> Watch:
        return known.get(signal, Watch(signal))

    heard = []
    if answers.route is not None:
        heard.append(hear_route_object(of(Signal.ROUTE_OBJECT), answers.route, now))
    elif answers.doubt:
        heard.append(of(Signal.ROUTE_OBJECT).silent(now, answers.doubt))
    zones, servers = _of_zones(known)
    about = zones, servers, answers.zones, now
    heard += hear_zones(*about, late=zones.looked_at is not None and not soon)
    return heard


async def _learn(
    tx: Transaction, claim: Claim, known: Mapping[Signal, Watch], network: Network
) -> None:
    holder, proof = known.get(Signal.HOLDER), known.get(Signal.PROOF, Watch(Signal.PROOF))
    if holder is None or holder.failing or not holder.baseline:
        return
    was = Remembered.read(holder.baseline)
    registrant = network.registrant.handle if network.registrant else ""
    if not was.registrant:
        at = tx.now.isoformat()
        known_as = replace(was, registrant=registrant, learnt_at=at).named(network)
        seen = replace(holder, baseline=known_as.kept(), seen=str(known_as))
        await tx.watches.put(claim.id, seen)
    after = renewing.learnt(proof, registrant, _proven_at(claim), tx.now)
    if after != proof:
        await tx.watches.put(claim.id, after)


def _proven_at(claim: Claim) -> datetime | None:
    return claim.proof.proven_at or claim.approved_at


def _next_slot(claim_id: UUID, now: datetime) -> datetime:
    """Tomorrow at the prefix's own time of day: its id is random, so looks are spread evenly."""
    day = EVERY.total_seconds()
    into = (claim_id.int % int(day) - now.timestamp()) % day
    slot = now + timedelta(seconds=into)
    return slot if into > day / 4 else slot + EVERY
