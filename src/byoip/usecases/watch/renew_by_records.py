"""Renew a proof of ownership without a token, where the registries say that nothing has changed.

What decides: `domain/watch/renewing.py`. It is tried with the daily looks from 75 days before the
end, and the answers are a look's.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from byoip.domain.checks.address_holder import judge_holder
from byoip.domain.checks.evidence import Fault, Outcome, Passed, Unanswered
from byoip.domain.checks.irr_authorisation import RouteVerdict
from byoip.domain.checks.origin_validation import judge_roas
from byoip.domain.checks.registries.covering_routes import judge_covering
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.reverse_dns.observation import ZoneObservation
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.claims.claim import Claim
from byoip.domain.prefix import Prefix
from byoip.domain.watch import renewing, validity
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.records import same_delegations, same_maintainers
from byoip.domain.watch.watch import Watch
from byoip.ports.checks.rdap import HolderQuestion, RegistrationData
from byoip.ports.checks.registry import Found, Lookup, NoAnswer, RegistryQuestion, RouteRegistry
from byoip.ports.checks.rpki import Vrps
from byoip.ports.threads import in_thread
from byoip.store.transaction import Transaction
from byoip.usecases.watch.lift import begin_again
from byoip.usecases.watch.watcher import WATCHER

_SECONDS: Final = 20.0
_NO_WAY: Final = (
    "Neither the route object, by its maintainers and those of the smallest block, nor the reverse "
    "zones are as they were."
)


@dataclass(frozen=True, slots=True)
class RenewByRecords:
    """Ask what a look does not ask, and renew.

    Attributes:
        registries: by key.
        data: None: no registration data is asked for, so nothing is renewed so.
    """

    registry: RouteRegistry
    registries: Mapping[str, Registry]
    data: RegistrationData | None = None

    async def ask(
        self,
        claim: Claim,
        known: Mapping[Signal, Watch],
        route: RouteVerdict | None,
        zones: Sequence[ZoneObservation],
    ) -> str:
        """Why the registries' answers do not renew the proof; empty: they do.

        Args:
            claim: an approved one whose proof ends soon.
            known: its signals before the look.
            route: of the look.
            zones: of the look.
        """
        registry = self.registries.get(claim.registry or "")
        if why := renewing.changed(claim, known):
            return why
        if registry is None or registry.rdap_url is None or self.data is None:
            return "This registry's registration data (RDAP) is not asked for."
        question = HolderQuestion(registry, claim.prefix, WATCHER, all_here=False)
        said = (await self.data.look_up(question)).said
        if why := renewing.given_to_another(claim.prefix, claim.registry, known, said):
            return why
        if await self._route_counts(claim, registry, known.get(Signal.ROUTE_OBJECT), route):
            return ""
        before = known.get(Signal.ZONE_SERVERS)
        return "" if before is not None and same_delegations(before, zones) else _NO_WAY

    async def _route_counts(
        self, claim: Claim, registry: Registry, before: Watch | None, route: RouteVerdict | None
    ) -> bool:
        """Whether the route object has the maintainers of before, and only its holder's."""
        if before is None or route is None or route.authoritative is None or claim.irr_waived:
            return False  # one that came after the proof may be another's
        if not same_maintainers(before, route.authoritative):
            return False
        if not registry.holder_rule:
            return True
        blocks, around = await asyncio.gather(
            self._objects(claim.prefix, registry, Lookup.SMALLEST_HOLDER),
            self._objects(claim.prefix, registry, Lookup.COVERING_ROUTES),
        )
        asked = route.authoritative, registry, blocks, around, claim.prefix
        outcome = await in_thread(claim.account_id, _judged, *asked)
        return isinstance(outcome, Passed)

    async def _objects(
        self, prefix: Prefix, registry: Registry, lookup: Lookup
    ) -> Sequence[RpslObject] | None:
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self.registry.look_up(
                    RegistryQuestion(registry, lookup, prefix, WATCHER)
                )
        except TimeoutError:
            return None
        if isinstance(answer, NoAnswer):
            return None
        return answer.objects if isinstance(answer, Found) else ()

    async def record(self, tx: Transaction, claim: Claim, why_not: str) -> Claim:
        """Renew the proof of a claim under its lock, once the look is recorded.

        All that may have changed since the registries were asked is looked at again.
        """
        if not (claim.approved and validity.ends_soon(claim, tx.now)):
            return claim
        known = await tx.watches.of(claim.id)
        why = why_not or renewing.changed(claim, known) or await _not_now(tx, claim, known)
        if why:
            proof = known.get(Signal.PROOF, Watch(Signal.PROOF))
            await tx.watches.put(claim.id, replace(proof, seen=why))
            return claim
        anew = validity.renewed(claim, tx.now)
        await tx.claims.save(anew)
        await begin_again(tx, claim.id, {Signal.PROOF})
        as_before = Watch(Signal.PROOF, baseline=known[Signal.PROOF].baseline)
        await tx.watches.put(claim.id, as_before)
        tx.record(claim.id, "proof.renewed", after={"by": "records"})
        return anew


def _judged(
    route: RpslObject,
    registry: Registry,
    blocks: Sequence[RpslObject] | None,
    around: Sequence[RpslObject] | None,
    prefix: Prefix,
) -> Outcome:
    """Whether the route is its holder's alone, by the rule that proofs have."""
    held = judge_holder(route, registry, blocks, prefix)
    if not isinstance(held, Passed):
        return held
    if around is None:
        return Unanswered(Fault.NOT_ASKED, "Route objects around it are not known.")
    return judge_covering(held, route, registry.source, blocks or (), around, prefix)


async def _not_now(tx: Transaction, claim: Claim, known: Mapping[Signal, Watch]) -> str:
    """Why ROA data and statistics of this moment are against it."""
    files = await tx.watches.statistics()
    if not files:
        return "No statistics are loaded."
    newest = max(files.values(), key=lambda one: one.number)
    holder = known.get(Signal.HOLDER)
    if why := renewing.unheard(holder, newest.number, newest.fetched_at, tx.now):
        return why
    answer = await tx.roas.decisive(claim.prefix, claim.asn)
    if not isinstance(answer, Vrps):
        return "ROA data is not there, or too old."
    said = judge_roas(claim.prefix, claim.asn, answer.covering, now=tx.now)
    return "" if isinstance(said, Passed) else said.seen
