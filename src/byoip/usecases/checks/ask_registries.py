"""Ask the registry responsible for a prefix for route objects, and a national one beside it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from byoip.domain.checks.address_holder import held_by_others, in_doubt, national_holders
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
from byoip.domain.checks.registration import unknown_registry
from byoip.domain.checks.registries.covering_routes import judge_covering, may_write
from byoip.domain.checks.registries.national import National
from byoip.domain.checks.registries.remedies import steps_to_route_object, token_line
from byoip.domain.checks.registry import Registry, Responsible
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.ports.checks.registry import (
    Found,
    Lookup,
    NoAnswer,
    RegistryAnswer,
    RegistryQuestion,
    RouteRegistry,
)
from byoip.ports.clock import Clock
from byoip.ports.threads import unless_short
from byoip.usecases.checks.first_looks.asking import AskFirst, look_up
from byoip.usecases.checks.targets import CheckResult, CheckTarget, Look, either

_NOBODY: Final = frozenset[str]()
_ABSENT: Final = frozenset({Reason.TOKEN_MISSING, Reason.TOKEN_OTHER})
_NO_OBJECT: Final = frozenset(
    {
        Reason.ROUTE_OBJECT_MISSING,
        Reason.ROUTE_OBJECT_NOT_AUTHORITATIVE,
        Reason.ROUTE_OBJECTS_NOT_OFFERED,
    }
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one registry says.

    Attributes:
        national: the registries that stand in its address block.
        held: others stand there, and none of those.
    """

    result: CheckResult
    national: frozenset[str] = frozenset()
    held: bool = False


@dataclass(frozen=True, slots=True)
class AskRegistries:
    """The checks irr and ownership_irr.

    What comes back is judged in threads: it may be a megabyte, for in some registries anyone
    writes, and takes a second then.

    Attributes:
        known: registries by key.
        waived: keys of registries without route objects, for which irr is not required.
        label: before the token in the route object.
    """

    registry: RouteRegistry
    clock: Clock
    known: Mapping[str, Registry]
    waived: frozenset[str]
    label: str

    def waives(self, registry: Registry) -> bool:
        """Whether the operator does without irr at this registry."""
        return not registry.offers_route_objects and registry.key in self.waived

    async def __call__(
        self, subject: CheckTarget, responsible: Responsible | Failed | Unanswered
    ) -> CheckResult:
        """Ask the registry responsible; then the national one, where its word may count too.

        It does where its maintainer stands in the address block, and where the first has no object,
        unless the block there has a holder of its own.
        """
        if not isinstance(responsible, Responsible):
            told = self._finding(Check.IRR, responsible)
            token = self._token_missing(subject, told.outcome)
            return CheckResult((told, *token), others_complete=False)
        first = await self._at(subject, responsible.registry)
        national = responsible.national
        if national is None:
            return first.result
        failed = isinstance(first.result.findings[0].outcome, Failed)
        if failed and responsible.registry.offers_route_objects:
            first = await self._with_block(subject, responsible.registry, first)
        if not _second_counts(first, national):
            return first.result
        if national.key not in self.known:
            return _with_hint(first.result, national)
        second = await self._at(subject, self.known[national.key])
        return either(first.result, second.result)

    async def _with_block(self, subject: CheckTarget, registry: Registry, first: _Asked) -> _Asked:
        """Ask who stands in the address block: without that, its "no" is not the last word."""
        answer = await self._look_up(subject, registry, Lookup.SMALLEST_HOLDER)
        irr = first.result.findings[0]
        about, size = (subject.prefix, registry.source, _objects(answer)), _size(answer.exhibit)
        outcome = irr.outcome
        if isinstance(answer, NoAnswer):
            outcome = Unanswered(answer.fault, answer.detail)
        elif doubt := await unless_short(subject.account_id, size, in_doubt, *about):
            outcome = Unanswered(Fault.GARBAGE, doubt)
        told = self._finding(Check.IRR, outcome, *irr.exhibits, answer.exhibit)
        token = self._token_missing(subject, outcome, registry)
        result = replace(first.result, findings=(told, *token))
        national = await unless_short(subject.account_id, size, national_holders, *about)
        return _Asked(
            result, national, await unless_short(subject.account_id, size, held_by_others, *about)
        )

    async def _at(self, subject: CheckTarget, registry: Registry) -> _Asked:
        if registry.offers_route_objects:
            return await self._ask(subject, registry)
        outcome = judge_routes(subject.prefix, subject.origin, registry, ()).outcome
        token = self._token_missing(subject, outcome, registry)
        if self.waives(registry):
            outcome = Passed(f"{registry.key} has no route objects; the operator waives them.")
        return _Asked(CheckResult((self._finding(Check.IRR, outcome), *token)))

    async def _ask(self, subject: CheckTarget, registry: Registry) -> _Asked:
        exact, inside = await asyncio.gather(
            self._look_up(subject, registry, Lookup.EXACT_ROUTES),
            self._look_up(subject, registry, Lookup.MORE_SPECIFIC_ROUTES),
        )
        exhibits = (exact.exhibit, inside.exhibit)
        if isinstance(exact, NoAnswer):
            told = self._finding(Check.IRR, Unanswered(exact.fault, exact.detail), *exhibits)
            token = self._token_missing(subject, told.outcome, registry)
            return _Asked(CheckResult((told, *token), others_complete=False))
        verdict = await unless_short(
            subject.account_id,
            _size(*exhibits),
            judge_routes,
            subject.prefix,
            subject.origin,
            registry,
            (*_objects(exact), *_objects(inside)),
            self._line(subject),
            subject.roa_origins,
        )
        outcome = _doubting(verdict.outcome, inside)
        told = self._finding(Check.IRR, outcome, *exhibits)
        if route := verdict.authoritative:
            found, national = await self._token_in_route(subject, registry, route)
        else:
            found, national = CheckResult(self._token_missing(subject, outcome, registry)), _NOBODY
        found = await self._looked(subject, registry, found)
        about = verdict.other_origins, not isinstance(inside, NoAnswer), found.look
        result = CheckResult((told, *found.findings), *about)
        return _Asked(result, national)

    async def _looked(
        self, subject: CheckTarget, registry: Registry, found: CheckResult
    ) -> CheckResult:
        """The token's finding; where it is not there yet, with the look that it needs before."""
        token, finding = subject.token, next(iter(found.findings), None)
        if token is None or finding is None or not registry.holder_rule:
            return found
        absent = isinstance(finding.outcome, Failed) and finding.outcome.reason in _ABSENT
        if not absent or not token.look_needed or token.absence:
            return found
        ask = AskFirst(self.registry, self.clock, self.label)
        looked = await ask(token, registry, subject.until)
        finding = replace(finding, exhibits=(*finding.exhibits, *looked.exhibits))
        return CheckResult((finding,), look=looked.look)

    async def _token_in_route(
        self, subject: CheckTarget, registry: Registry, route: RpslObject
    ) -> tuple[CheckResult, frozenset[str]]:
        if subject.token is None or not subject.token.serves(TokenMethod.IRR):
            return CheckResult(()), _NOBODY
        holders: Sequence[RpslObject] | None = ()
        look, exhibits = None, tuple[RawAnswer, ...]()
        if registry.holder_rule:
            answer = await self._look_up(subject, registry, Lookup.SMALLEST_HOLDER)
            holders = None if isinstance(answer, NoAnswer) else _objects(answer)
            exhibits = (answer.exhibit,)
        whose, size = subject.account_id, _size(*exhibits)
        asked = route, subject.token.value, self.label, registry, holders, subject.prefix
        outcome = await unless_short(whose, size, judge_token, *asked)
        if registry.holder_rule and isinstance(outcome, Passed):
            answer = await self._look_up(subject, registry, Lookup.COVERING_ROUTES)
            exhibits = (*exhibits, answer.exhibit)
            if isinstance(answer, NoAnswer):
                doubt = f"Route objects around {subject.prefix} are not known: {answer.detail}"
                outcome = Unanswered(answer.fault, doubt)
            else:
                around = outcome, route, registry.source, holders or (), _objects(answer)
                size += _size(answer.exhibit)
                outcome = await unless_short(whose, size, judge_covering, *around, subject.prefix)
                if isinstance(outcome, Passed):
                    writers = may_write(holders or (), registry.source, subject.prefix)
                    where = f"{route.object_class} {route.key} in {registry.source}"
                    look = Look(answer.exhibit.at, registry.key, *writers, where)
        finding = self._finding(Check.OWNERSHIP_IRR, outcome, *exhibits)
        about = subject.prefix, registry.source, holders or ()
        national = await unless_short(whose, size, national_holders, *about)
        return CheckResult((finding,), look=look), national

    def _token_missing(
        self, subject: CheckTarget, route: Outcome, registry: Registry | None = None
    ) -> tuple[Finding, ...]:
        """The token's finding where there is no route object that could carry it."""
        line = self._line(subject)
        if line is None:
            return ()
        outcome: Outcome
        if isinstance(route, Unanswered):
            outcome = Unanswered(Fault.NOT_ASKED, f"No route object to look into: {route.seen}")
        elif isinstance(route, Failed) and route.reason is Reason.ROUTE_OBJECTS_NOT_OFFERED:
            outcome = route
        else:
            seen = "There is no authoritative route object that could carry the token."
            fix = f"Create the route object with the line `{line}`."
            if registry is not None:
                others = subject.roa_origins
                fix = steps_to_route_object(subject.prefix, subject.origin, registry, line, others)
            outcome = Failed(Reason.TOKEN_MISSING, seen, fix)
        return (self._finding(Check.OWNERSHIP_IRR, outcome),)

    def _line(self, subject: CheckTarget) -> str | None:
        """The token's line, where the token serves for it."""
        token = subject.token
        if token is None or not token.serves(TokenMethod.IRR):
            return None
        return token_line(self.label, token.value)

    async def _look_up(
        self, subject: CheckTarget, registry: Registry, lookup: Lookup
    ) -> RegistryAnswer:
        question = RegistryQuestion(registry, lookup, subject.prefix, subject.account_id)
        return await look_up(self.registry, question, self.clock, subject.until)

    def _finding(self, check: Check, outcome: Outcome, *exhibits: RawAnswer) -> Finding:
        return Finding(check, outcome, self.clock.now(), exhibits)


def _second_counts(first: _Asked, national: National) -> bool:
    outcomes = [one.outcome for one in first.result.findings]
    if all(isinstance(one, Passed) for one in outcomes):
        return False
    return (_has_none(outcomes[0]) and not first.held) or national.stands_in(first.national)


def _has_none(irr: Outcome) -> bool:
    """Whether the registry has no object of its own; mirrors of others are none of its own."""
    return isinstance(irr, Failed) and irr.reason in _NO_OBJECT


def _with_hint(result: CheckResult, national: National) -> CheckResult:
    """Say where else an object might be, and why it was not looked for there."""
    findings = tuple(
        replace(one, outcome=_hinted(one.outcome, national))
        if isinstance(one.outcome, Failed)
        else one
        for one in result.findings
    )
    return replace(result, findings=findings)


def _hinted(outcome: Failed, national: National) -> Failed:
    seen = f"{outcome.seen} {national.name} (country {national.country}) was not asked."
    return replace(outcome, seen=seen, fix=f"{outcome.fix} Or: {unknown_registry(national.key)}")


def _doubting(outcome: Outcome, inside: RegistryAnswer) -> Outcome:
    if isinstance(outcome, Passed) and isinstance(inside, NoAnswer):
        doubt = f"More specific route objects could not be asked for: {inside.detail}"
        return replace(outcome, warnings=(*outcome.warnings, doubt))
    return outcome


def _size(*exhibits: RawAnswer) -> int:
    return sum(len(one.answer) for one in exhibits)


def _objects(answer: RegistryAnswer) -> tuple[RpslObject, ...]:
    return answer.objects if isinstance(answer, Found) else ()
