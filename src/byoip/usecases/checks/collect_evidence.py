"""Ask the outside about a prefix: registry, reverse DNS and ROA data, all at once."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

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
from byoip.domain.checks.rdns_ownership import judge_zones
from byoip.domain.checks.registry import Basis, Registry, Responsible, rows_to_keep
from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.claims.check_waiver import CheckWaiver, Waivable, excused
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.prefix import Prefix
from byoip.ports.checks.dns import ReverseDns
from byoip.ports.checks.registry import RouteRegistry
from byoip.ports.checks.rpki import VrpAnswer, Vrps
from byoip.ports.clock import Clock
from byoip.store.batches import Part
from byoip.store.transaction import Store, Transaction
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.checks.ask_holder import AskHolder, HolderWords
from byoip.usecases.checks.ask_registries import AskRegistries
from byoip.usecases.checks.check_rpki import check_rpki
from byoip.usecases.checks.first_looks.asking import AskFirst
from byoip.usecases.checks.perspectives.corroborate import Corroborate
from byoip.usecases.checks.responsible import Registries, Responsibility
from byoip.usecases.checks.targets import CheckResult, CheckTarget, Look

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CollectedEvidence:
    """All that was found.

    Attributes:
        registry: key of the responsible registry, where it is known.
        irr_waived: the operator requires no route object, of that registry or for this prefix.
        others_complete: every source that knows of other origins has answered.
        look: what the registry showed of the token, beside strangers; None: they were there.
    """

    findings: tuple[Finding, ...]
    registry: str | None = None
    irr_waived: bool = False
    other_origins: tuple[OtherOrigin, ...] = ()
    others_complete: bool = True
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class CollectEvidence:
    """Ask registry, reverse DNS and ROA data about a prefix, in parallel. Changes nothing.

    Attributes:
        overrides: ranges for which the settings name the registry; where the operator names one in
            the database for exactly the same range, that one counts.
        waived: keys of registries without route objects, for which irr is not required.
        countries: keys of national registries by country, where they differ from our table.
        holder: whom registration data is asked of; None: nobody.
        elsewhere: what other places say of what passed here.
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
    countries: Mapping[str, str] = field(default_factory=dict)
    holder: AskHolder | None = None
    elsewhere: Corroborate = field(default_factory=Corroborate)

    async def __call__(
        self, subject: CheckTarget, known: Sequence[Any] | None = None
    ) -> CollectedEvidence:
        """Ask once, by what is `known` at this moment. No transaction is open while we wait."""
        if known is None:
            async with self.store.alone() as tx:
                known = await tx.session.look(*self.about(tx, subject.prefix, subject.claim_id))
        found, vrps, waivers = self._understood(subject.prefix, known)
        subject = replace(subject, waivers=waivers)
        responsible = found.registry
        expired, subject = self._checked_token(subject)
        until = asyncio.get_running_loop().time() + self.deadline
        by_roas = self._rpki(subject, vrps, ()).other_origins
        subject = replace(subject, until=until, roa_origins=by_roas)
        irr, rdns, words = await self._together(subject, found)
        asked = subject, responsible, self._ask_registries, (irr, rdns)
        irr, rdns = await self.elsewhere(*asked)
        irr = _excused(irr, subject, responsible)
        parts = (
            CheckResult((self._registration(found, words),)),
            irr,
            rdns,
            self._rpki(subject, vrps, irr.other_origins),
            expired,
        )
        known = responsible.registry.key if isinstance(responsible, Responsible) else None
        return CollectedEvidence(
            tuple(finding for part in parts for finding in part.findings),
            _key(found, subject.waivers),
            irr_waived=self.waives_irr(known, subject.waivers),
            other_origins=tuple(one for part in parts for one in part.other_origins),
            others_complete=all(part.others_complete for part in parts),
            look=irr.look,
        )

    def about(self, tx: Transaction, prefix: Prefix, claim_id: UUID | None) -> Sequence[Part]:
        """What is known at this moment: parts of a look."""
        of_all = (*self.responsibility.about(tx, prefix), tx.roas.asking(prefix))
        return of_all if claim_id is None else (*of_all, tx.waivers.asking(claim_id, tx.now))

    def _understood(
        self, prefix: Prefix, known: Sequence[Any]
    ) -> tuple[Responsibility, VrpAnswer, Mapping[Waivable, CheckWaiver]]:
        registered, overrides, vrps, *waivers = known
        found = self.responsibility.judge(prefix, registered, overrides)
        return found, vrps, waivers[0] if waivers else {}

    def understood(
        self, prefix: Prefix, known: Sequence[Any]
    ) -> tuple[str | None, VrpAnswer, Mapping[Waivable, CheckWaiver]]:
        """Of what is known: the key of the responsible registry, ROA data, and waivers."""
        found, vrps, waivers = self._understood(prefix, known)
        return _key(found, waivers), vrps, waivers

    @property
    def asks_first(self) -> AskFirst:
        """What looks for a token before it is published."""
        return AskFirst(self.registry, self.clock, self.label)

    @property
    def responsibility(self) -> Registries:
        """Whom statistics and overrides make responsible.

        Unlike `registries`, which are all that are known.
        """
        return Registries(self.registries, self.overrides, self.countries)

    def waives_irr(self, registry: str | None, waivers: Mapping[Waivable, CheckWaiver]) -> bool:
        """Whether the operator requires no route object: at that registry, or by a waiver."""
        known = self.registries.get(registry or "")
        return Waivable.IRR in waivers or (known is not None and self._ask_registries.waives(known))

    def _checked_token(self, subject: CheckTarget) -> tuple[CheckResult, CheckTarget]:
        """Findings for an expired token, and the target without it: no party is asked about it."""
        token, now = subject.token, self.clock.now()
        if token is None or token.usable(now):
            return CheckResult(()), subject
        refused = useless_token(token.method, Reason.TOKEN_EXPIRED, now)
        return CheckResult(refused), replace(subject, token=None)

    @property
    def _ask_registries(self) -> AskRegistries:
        return AskRegistries(self.registry, self.clock, self.registries, self.waived, self.label)

    async def _together(
        self, subject: CheckTarget, found: Responsibility
    ) -> tuple[CheckResult, CheckResult, HolderWords]:
        try:
            async with asyncio.TaskGroup() as tasks:
                irr = tasks.create_task(self._ask_registries(subject, found.registry))
                rdns = tasks.create_task(self._rdns(subject))
                words = tasks.create_task(self._holder(subject, found))
        except* StoreUnavailable as away:  # budgets are kept there
            raise StoreUnavailable from away
        return irr.result(), rdns.result(), words.result()

    async def _holder(self, subject: CheckTarget, found: Responsibility) -> HolderWords:
        if self.holder is None:
            return HolderWords()
        try:
            async with asyncio.timeout_at(subject.until):
                return await self.holder(subject, found)
        except TimeoutError:
            return HolderWords()
        except Exception:  # noqa: BLE001 - what decides nothing ends nothing
            _log.exception("registration data of %s was not asked for", subject.prefix)
            return HolderWords()

    def _registration(self, found: Responsibility, words: HolderWords) -> Finding:
        now, registered, responsible = self.clock.now(), found.registered, found.registry
        of = "IANA table" if registered.snapshot is None else f"snapshot {registered.snapshot}"
        if isinstance(responsible, Responsible) and responsible.basis is Basis.OVERRIDE:
            of = f"{Basis.OVERRIDE}, beside {of}"
        exhibit = RawAnswer("delegated-extended", of, rows_to_keep(registered.allocations), now)
        outcome: Outcome
        if isinstance(responsible, Responsible):
            outcome = Passed(str(responsible), words.hints)
        else:
            outcome = responsible
        return Finding(Check.REGISTRATION, outcome, now, (exhibit, *words.exhibits))

    async def _rdns(self, subject: CheckTarget) -> CheckResult:
        token = subject.token
        if token is None or not token.serves(TokenMethod.RDNS):
            return CheckResult(())
        zones = reverse_zones(subject.prefix)
        try:
            async with asyncio.timeout_at(subject.until):
                observations = await asyncio.gather(
                    *(self.dns.observe(zone, self.label, subject.account_id) for zone in zones)
                )
        except TimeoutError:
            late = Unanswered(Fault.TIMEOUT, "The reverse zones did not answer in time.")
            return CheckResult((self._finding(Check.OWNERSHIP_RDNS, late),))
        exhibits = [exhibit for one in observations for exhibit in one.exhibits]
        outcome = judge_zones(observations, token.value)
        return CheckResult((self._finding(Check.OWNERSHIP_RDNS, outcome, *exhibits),))

    def _rpki(
        self, subject: CheckTarget, vrps: VrpAnswer, known: Sequence[OtherOrigin]
    ) -> CheckResult:
        waiver = subject.waivers.get(Waivable.RPKI)
        asked = subject.prefix, subject.origin, vrps, self.clock, known, waiver
        finding, others = check_rpki(*asked)
        return CheckResult((finding,), others, others_complete=isinstance(vrps, Vrps))

    def _finding(self, check: Check, outcome: Outcome, *exhibits: RawAnswer) -> Finding:
        return Finding(check, outcome, self.clock.now(), exhibits)


def _key(found: Responsibility, waivers: Mapping[Waivable, CheckWaiver]) -> str | None:
    """The responsible registry, or that of the statistics.

    The latter where irr is waived as the settings know no nearer one.
    """
    outcome, keys = found.registry, {one.registry for one in found.registered.allocations}
    if isinstance(outcome, Responsible):
        return outcome.registry.key
    if _is_unknown(outcome) and Waivable.IRR in waivers and len(keys) == 1:
        return keys.pop()
    return None


def _is_unknown(outcome: Responsible | Failed | Unanswered) -> bool:
    return isinstance(outcome, Unanswered) and outcome.fault is Fault.UNKNOWN_REGISTRY


def _excused(
    irr: CheckResult, subject: CheckTarget, responsible: Responsible | Failed | Unanswered
) -> CheckResult:
    """The findings with the waiver of irr heeded; that of the token is never waived.

    Where the space itself is in doubt, the question is not one of route objects.
    """
    if not isinstance(responsible, Responsible) and not _is_unknown(responsible):
        return irr
    waiver = subject.waivers.get(Waivable.IRR)
    findings = tuple(
        replace(one, outcome=excused(one.outcome, waiver)) if one.check is Check.IRR else one
        for one in irr.findings
    )
    return replace(irr, findings=findings)
