"""Ask the outside about a prefix: registry, reverse DNS and ROA data, all at once."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.decision import useless_token
from byoip.domain.checks.evidence import (
    Check,
    Failed,
    Fault,
    Finding,
    Outcome,
    Passed,
    RawAnswer,
    Reason,
    Unanswered,
)
from byoip.domain.checks.irr_authorisation import judge_routes, judge_token
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.registration import responsible_registry
from byoip.domain.checks.registry import Registry, Responsible
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.claims.claim import OtherOrigin
from byoip.domain.claims.ownership_token import OwnershipToken, TokenMethod
from byoip.domain.prefix import Prefix
from byoip.ports.checks.dns import ReverseDns
from byoip.ports.checks.registry import (
    Found,
    Lookup,
    NoAnswer,
    RegistryAnswer,
    RegistryQuestion,
    RouteRegistry,
)
from byoip.ports.checks.rpki import VrpAnswer, Vrps
from byoip.ports.clock import Clock
from byoip.store.checks.registration_snapshots import Registered
from byoip.store.transaction import Store
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.checks.check_rpki import check_rpki

_RANGES_KEPT = 100  # as evidence; a /8 may hold thousands


@dataclass(frozen=True, slots=True)
class CheckTarget:
    """What is checked, and for which account. Without a token, ownership is not checked.

    Attributes:
        until: the event loop's time after which no answer is waited for; set when asking starts.
    """

    account_id: UUID
    prefix: Prefix
    origin: Asn
    token: OwnershipToken | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class CollectedEvidence:
    """All that was found.

    Attributes:
        registry: key of the responsible registry, where it is known.
        irr_waived: that registry has no route objects, and the operator does not require them.
        others_complete: every source that knows of other origins has answered.
    """

    findings: tuple[Finding, ...]
    registry: str | None = None
    irr_waived: bool = False
    other_origins: tuple[OtherOrigin, ...] = ()
    others_complete: bool = True


@dataclass(frozen=True, slots=True)
class _CheckResult:
    findings: tuple[Finding, ...]
    other_origins: tuple[OtherOrigin, ...] = field(default=())
    others_complete: bool = True


@dataclass(frozen=True, slots=True)
class CollectEvidence:
    """Ask registry, reverse DNS and ROA data about a prefix, in parallel. Changes nothing.

    Attributes:
        overrides: ranges for which the settings name the registry; where the operator names one in
            the database for exactly the same range, that one counts.
        waived: keys of registries without route objects, for which irr is not required.
        deadline: seconds after which a question without an answer is unanswered.
    """

    store: Store
    clock: Clock
    registry: RouteRegistry
    dns: ReverseDns
    registries: Mapping[str, Registry]
    overrides: Sequence[tuple[Prefix, str]]
    waived: frozenset[str]
    label: str
    deadline: float

    async def __call__(self, subject: CheckTarget) -> CollectedEvidence:
        """Ask once. No transaction is open while an answer is waited for."""
        async with self.store.transaction() as tx:
            registered = await tx.registrations.overlapping(subject.prefix)
            vrps = await tx.roas.about(subject.prefix)
            overrides = await tx.registry_overrides.overlapping(subject.prefix)
        responsible = self._responsible(subject.prefix, registered, overrides)
        expired, subject = self._checked_token(subject)
        subject = replace(subject, until=asyncio.get_running_loop().time() + self.deadline)
        irr, rdns = await self._together(subject, responsible)
        parts = (
            _CheckResult((self._registration(registered, responsible),)),
            irr,
            rdns,
            self._rpki(subject, vrps),
            expired,
        )
        known = responsible.registry if isinstance(responsible, Responsible) else None
        return CollectedEvidence(
            tuple(finding for part in parts for finding in part.findings),
            known.key if known else None,
            irr_waived=known is not None and self._waives(known),
            other_origins=tuple(one for part in parts for one in part.other_origins),
            others_complete=all(part.others_complete for part in parts),
        )

    def _checked_token(self, subject: CheckTarget) -> tuple[_CheckResult, CheckTarget]:
        """Findings for an expired token, and the target without it: no party is asked about it."""
        token, now = subject.token, self.clock.now()
        if token is None or token.usable(now):
            return _CheckResult(()), subject
        refused = useless_token(token.method, Reason.TOKEN_EXPIRED, now)
        return _CheckResult(refused), replace(subject, token=None)

    def _waives(self, registry: Registry) -> bool:
        return not registry.offers_route_objects and registry.key in self.waived

    async def _together(
        self, subject: CheckTarget, responsible: Responsible | Failed | Unanswered
    ) -> tuple[_CheckResult, _CheckResult]:
        try:
            async with asyncio.TaskGroup() as tasks:
                irr = tasks.create_task(self._irr(subject, responsible))
                rdns = tasks.create_task(self._rdns(subject))
        except* StoreUnavailable as away:  # budgets are kept there
            raise StoreUnavailable from away
        return irr.result(), rdns.result()

    def _responsible(
        self, prefix: Prefix, registered: Registered, added: Sequence[tuple[Prefix, str]]
    ) -> Responsible | Failed | Unanswered:
        known = None if registered.snapshot is None else registered.allocations
        overrides = {**dict(self.overrides), **dict(added)}
        return responsible_registry(prefix, known, self.registries, list(overrides.items()))

    def _registration(
        self, registered: Registered, responsible: Responsible | Failed | Unanswered
    ) -> Finding:
        now = self.clock.now()
        rows = [
            {
                "prefix": str(one.prefix),
                "registry": one.registry,
                "status": one.status,
                "holder": one.holder,
            }
            for one in registered.allocations[:_RANGES_KEPT]
        ]
        of = "IANA table" if registered.snapshot is None else f"snapshot {registered.snapshot}"
        exhibit = RawAnswer("delegated-extended", of, json.dumps(rows).encode(), now)
        outcome: Outcome
        if isinstance(responsible, Responsible):
            outcome = Passed(f"{responsible.registry.key} ({responsible.basis.value})")
        else:
            outcome = responsible
        return Finding(Check.REGISTRATION, outcome, now, (exhibit,))

    async def _irr(
        self, subject: CheckTarget, responsible: Responsible | Failed | Unanswered
    ) -> _CheckResult:
        if not isinstance(responsible, Responsible):
            told = self._finding(Check.IRR, responsible)
            token = self._token_in_irr(subject, told.outcome)
            return _CheckResult((told, *token), others_complete=False)
        registry = responsible.registry
        if not registry.offers_route_objects:
            outcome = judge_routes(subject.prefix, subject.origin, registry, ()).outcome
            token = self._token_in_irr(subject, outcome)
            if self._waives(registry):
                outcome = Passed(f"{registry.key} has no route objects; the operator waives them.")
            return _CheckResult((self._finding(Check.IRR, outcome), *token))
        return await self._ask_registry(subject, registry)

    async def _ask_registry(self, subject: CheckTarget, registry: Registry) -> _CheckResult:
        exact, inside = await asyncio.gather(
            self._look_up(subject, registry, Lookup.EXACT_ROUTES),
            self._look_up(subject, registry, Lookup.MORE_SPECIFIC_ROUTES),
        )
        exhibits = (exact.exhibit, inside.exhibit)
        if isinstance(exact, NoAnswer):
            told = self._finding(Check.IRR, Unanswered(exact.fault, exact.detail), *exhibits)
            token = self._token_in_irr(subject, told.outcome)
            return _CheckResult((told, *token), others_complete=False)
        verdict = judge_routes(
            subject.prefix, subject.origin, registry, (*_objects(exact), *_objects(inside))
        )
        outcome = _doubting(verdict.outcome, inside)
        told = self._finding(Check.IRR, outcome, *exhibits)
        if verdict.authoritative is None:
            token = self._token_in_irr(subject, outcome)
        else:
            token = await self._token_in_route(subject, registry, verdict.authoritative)
        complete = not isinstance(inside, NoAnswer)
        return _CheckResult((told, *token), verdict.other_origins, others_complete=complete)

    async def _token_in_route(
        self, subject: CheckTarget, registry: Registry, route: RpslObject
    ) -> tuple[Finding, ...]:
        if subject.token is None or not subject.token.serves(TokenMethod.IRR):
            return ()
        holders: Sequence[RpslObject] | None = ()
        exhibits: tuple[RawAnswer, ...] = ()
        if registry.holder_rule:
            answer = await self._look_up(subject, registry, Lookup.SMALLEST_HOLDER)
            holders = None if isinstance(answer, NoAnswer) else _objects(answer)
            exhibits = (answer.exhibit,)
        outcome = judge_token(
            route, subject.token.value, self.label, registry, holders, subject.prefix
        )
        return (self._finding(Check.OWNERSHIP_IRR, outcome, *exhibits),)

    def _token_in_irr(self, subject: CheckTarget, route: Outcome) -> tuple[Finding, ...]:
        """The token's finding where there is no route object that could carry it."""
        if subject.token is None or not subject.token.serves(TokenMethod.IRR):
            return ()
        outcome: Outcome
        if isinstance(route, Unanswered):
            outcome = Unanswered(Fault.NOT_ASKED, f"No route object to look into: {route.seen}")
        elif isinstance(route, Failed) and route.reason is Reason.ROUTE_OBJECTS_NOT_OFFERED:
            outcome = route
        else:
            seen = "There is no authoritative route object that could carry the token."
            fix = f"Create the route object with the line `{self.label}: {subject.token.value}`."
            outcome = Failed(Reason.TOKEN_MISSING, seen, fix)
        return (self._finding(Check.OWNERSHIP_IRR, outcome),)

    async def _look_up(
        self, subject: CheckTarget, registry: Registry, lookup: Lookup
    ) -> RegistryAnswer:
        question = RegistryQuestion(registry, lookup, subject.prefix, subject.account_id)
        try:
            async with asyncio.timeout_at(subject.until):
                return await self.registry.look_up(question)
        except TimeoutError:
            exhibit = RawAnswer(lookup.value, registry.host, b"", self.clock.now())
            return NoAnswer(Fault.TIMEOUT, f"{registry.host} did not answer in time.", exhibit)

    async def _rdns(self, subject: CheckTarget) -> _CheckResult:
        token = subject.token
        if token is None or not token.serves(TokenMethod.RDNS):
            return _CheckResult(())
        zones = reverse_zones(subject.prefix)
        try:
            async with asyncio.timeout_at(subject.until):
                observations = await asyncio.gather(
                    *(self.dns.observe(zone, self.label, subject.account_id) for zone in zones)
                )
        except TimeoutError:
            late = Unanswered(Fault.TIMEOUT, "The reverse zones did not answer in time.")
            return _CheckResult((self._finding(Check.OWNERSHIP_RDNS, late),))
        exhibits = [exhibit for one in observations for exhibit in one.exhibits]
        outcome = judge_zones(observations, token.value)
        return _CheckResult((self._finding(Check.OWNERSHIP_RDNS, outcome, *exhibits),))

    def _rpki(self, subject: CheckTarget, vrps: VrpAnswer) -> _CheckResult:
        finding, others = check_rpki(subject.prefix, subject.origin, vrps, self.clock)
        return _CheckResult((finding,), others, others_complete=isinstance(vrps, Vrps))

    def _finding(self, check: Check, outcome: Outcome, *exhibits: RawAnswer) -> Finding:
        return Finding(check, outcome, self.clock.now(), exhibits)


def _doubting(outcome: Outcome, inside: RegistryAnswer) -> Outcome:
    if isinstance(outcome, Passed) and isinstance(inside, NoAnswer):
        doubt = f"More specific route objects could not be asked for: {inside.detail}"
        return replace(outcome, warnings=(*outcome.warnings, doubt))
    return outcome


def _objects(answer: RegistryAnswer) -> tuple[RpslObject, ...]:
    return answer.objects if isinstance(answer, Found) else ()
