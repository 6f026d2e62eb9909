"""The rpki check: the ROA data that covers a prefix, judged, and kept as evidence."""

import json
from collections.abc import Sequence
from dataclasses import replace

from byoip.domain.asn import Asn
from byoip.domain.asns.aspa import judge_pair, told
from byoip.domain.checks.evidence import Check, Finding, Passed, RawAnswer, Unanswered
from byoip.domain.checks.origin_validation import Vrp, judge_roas, roa_origins
from byoip.domain.claims.check_waiver import CheckWaiver, excused
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.other_origin import OtherOrigin
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoVrps, VrpAnswer
from byoip.ports.clock import Clock
from byoip.store.transaction import Transaction


def check_rpki(
    prefix: Prefix,
    origin: Asn,
    answer: VrpAnswer,
    clock: Clock,
    known: Sequence[OtherOrigin] = (),
    waiver: CheckWaiver | None = None,
) -> tuple[Finding, tuple[OtherOrigin, ...]]:
    """The finding, with the covering VRPs as its evidence; and other origins that ROAs name.

    `known` are those known from elsewhere, `waiver` is that of rpki.
    """
    now = clock.now()
    if isinstance(answer, NoVrps):
        return Finding(Check.RPKI, Unanswered(answer.fault, answer.detail), now), ()
    snapshot = answer.snapshot
    exhibit = RawAnswer(
        asked=f"VRPs covering {prefix}",
        of=f"snapshot {snapshot.number} ({snapshot.source}, built {snapshot.built_at.isoformat()})",
        answer=json.dumps([_row(vrp) for vrp in answer.covering]).encode(),
        at=now,
    )
    others = roa_origins((*answer.covering, *answer.inside), origin, now=now)
    every = tuple(dict.fromkeys((*known, *others)))
    judged = judge_roas(prefix, origin, answer.covering, now=now, others=every)
    outcome = excused(judged, waiver)
    return Finding(Check.RPKI, outcome, now, (exhibit,)), others


async def with_aspa(
    tx: Transaction, claim: Claim, findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """These, and with a ROA that was found what ASPAs say of an origin of the customer's own.

    That there is none as well: it is then the operator's policy that lets the pair through. Of an
    origin that is not proven any more nothing lets it through.
    """
    behind = tx.rules.behind(claim.asn)
    if behind is None or all(one.check is not Check.RPKI for one in findings):
        return tuple(findings)
    (own,) = await tx.session.look(tx.own_asns.standing(claim.account_id, claim.asn))
    said = f"This account has not proven {claim.asn}, or not any more."
    if own.proven:
        without = tx.rules.without_aspa
        said = told(judge_pair(claim.asn, behind, own.aspa, tx.now, without=without))
    return tuple(_beside(one, said) for one in findings)


def _beside(finding: Finding, said: str) -> Finding:
    passed = finding.outcome
    if finding.check is not Check.RPKI or not isinstance(passed, Passed):
        return finding
    return replace(finding, outcome=replace(passed, warnings=(*passed.warnings, said)))


def _row(vrp: Vrp) -> dict[str, str | int | None]:
    return {
        "prefix": str(vrp.prefix),
        "maxLength": vrp.max_length,
        "asn": vrp.asn.number,
        "ta": vrp.anchor,
        "expires": vrp.expires_at.isoformat() if vrp.expires_at else None,
    }
