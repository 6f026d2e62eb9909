"""Renew a proof of ownership without a token, where the registries say that nothing has changed.

What decides: `domain/watch/renewing.py`. It is tried with the daily looks from 75 days before the
end, and the answers are a look's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from byoip.domain.checks.evidence import Failed, Outcome, Passed
from byoip.domain.checks.irr_authorisation import RouteVerdict
from byoip.domain.checks.origin_validation import judge_roas, roa_origins
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.reverse_dns.observation import DelegationSeen
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.perspectives.quorum import Subject
from byoip.domain.watch import renewing, validity
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.ports.checks.rdap import HolderQuestion, RegistrationData
from byoip.ports.checks.registry import RouteRegistry
from byoip.ports.checks.rpki import Vrps
from byoip.store.transaction import Transaction
from byoip.store.watch.files_in_use import files_in_use
from byoip.usecases.checks.perspectives.elsewhere import Elsewhere
from byoip.usecases.watch.as_before import AsBefore
from byoip.usecases.watch.lift import begin_again
from byoip.usecases.watch.watcher import WATCHER

_NO_WAY: Final = (
    "Neither the route object, by its maintainers and those of the smallest block, nor the reverse "
    "zones are as they were."
)


@dataclass(frozen=True, slots=True)
class RenewByRecords:
    """Ask what a look does not ask, and renew.

    Attributes:
        registries: by key.
        label: before reverse zones.
        data: None: no registration data is asked for, so nothing is renewed so.
        elsewhere: other places, asked about what is as it was here.
    """

    registry: RouteRegistry
    registries: Mapping[str, Registry]
    label: str
    data: RegistrationData | None = None
    elsewhere: Elsewhere = field(default_factory=Elsewhere)

    async def ask(
        self,
        claim: Claim,
        known: Mapping[Signal, Watch],
        route: RouteVerdict | None,
        zones: Sequence[DelegationSeen],
        by_roas: Collection[OtherOrigin] = (),
    ) -> Passed | str:
        """What the registries' answers renew the proof by; words: why they do not.

        Args:
            claim: an approved one whose proof ends soon.
            known: its signals before the look.
            route: of the look.
            zones: of the look.
            by_roas: other origins that ROAs name.
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
        before = known.get(Signal.ROUTE_OBJECT), known.get(Signal.ZONE_SERVERS)
        same = AsBefore(claim, registry, *before, [one.zone for one in zones], self.label)
        others = (*by_roas, *(route.other_origins if route else ()))
        carrying = frozenset({claim.asn.number, *(one.asn.number for one in others)})
        ways = {
            "route object": (await same.judge_route(route, self.registry), same.route_from),
            "reverse zones": (same.judge_zones(zones), same.zones_from),
        }
        passed = {
            what: (here, look) for what, (here, look) in ways.items() if isinstance(here, Passed)
        }
        subject = Subject(claim.id, str(claim.prefix))
        outcomes = (await self.elsewhere.confirm(subject, passed, carrying)).values()
        renews = next((one for one in outcomes if isinstance(one, Passed)), None)
        return renews or " ".join(map(_told, outcomes)) or _NO_WAY

    async def record(self, tx: Transaction, claim: Claim, said: Passed | str) -> Claim:
        """Renew the proof of a claim under its lock, once the look is recorded.

        All that may have changed since the registries were asked is looked at again.
        """
        if not (claim.approved and validity.ends_soon(claim, tx.now)):
            return claim
        known = await tx.watches.of(claim.id)
        why = "" if isinstance(said, Passed) else said
        why = why or renewing.changed(claim, known) or await _not_now(tx, claim, known)
        if why or not isinstance(said, Passed):
            proof = known.get(Signal.PROOF, Watch(Signal.PROOF))
            await tx.watches.put(claim.id, replace(proof, seen=why))
            return claim
        anew = validity.renewed(claim, tx.now)
        await tx.claims.save(anew)
        await begin_again(tx, claim.id, {Signal.PROOF})
        as_before = Watch(Signal.PROOF, baseline=known[Signal.PROOF].baseline)
        await tx.watches.put(claim.id, as_before)
        seen = " ".join((said.seen, *said.warnings))
        tx.record(claim.id, "proof.renewed", after={"by": "records", "seen": seen})
        return anew


def _told(outcome: Outcome) -> str:
    return f"{outcome.reason}: {outcome.seen}" if isinstance(outcome, Failed) else outcome.seen


async def _not_now(tx: Transaction, claim: Claim, known: Mapping[Signal, Watch]) -> str:
    """Why ROA data and statistics of this moment are against it."""
    files = await files_in_use(tx.session)
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


async def origins_by_roas(tx: Transaction, claim: Claim) -> Collection[OtherOrigin]:
    """Other origins that ROAs name: who carries the prefix says nothing of it as another place."""
    answer = await tx.roas.decisive(claim.prefix, claim.asn)
    if not isinstance(answer, Vrps):
        return ()
    return roa_origins((*answer.covering, *answer.inside), claim.asn, now=tx.now)
