"""What a run's answers make of its claim, before anything is decided by it."""

from dataclasses import replace
from datetime import datetime

from byoip.domain.checks.decision import decide
from byoip.domain.checks.evidence import Check, Unanswered
from byoip.domain.claims.claim import MOST_OTHERS, CheckRecord, Claim
from byoip.usecases.checks.collect_evidence import CollectedEvidence


def proven(asked: Claim, answers: CollectedEvidence, now: datetime) -> bool:
    """Whether the claim is proven by them."""
    return decide(with_answers(asked, answers), answers.findings, now).proven(now)


def with_answers(claim: Claim, answers: CollectedEvidence) -> Claim:
    """The claim with its registry and other origins; what has no answer stays as it was."""
    known = claim.other_origins if not (answers.findings and answers.others_complete) else ()
    others = tuple(dict.fromkeys((*answers.other_origins, *known)))[: 2 * MOST_OTHERS]
    # Without an answer an earlier pass stays, and so does what it rests on.
    asked = (one.outcome for one in answers.findings if one.check is Check.IRR)
    kept = all(isinstance(outcome, Unanswered) for outcome in asked)
    waived = claim.irr_waived if kept else answers.irr_waived
    registry = answers.registry or claim.registry
    if claim.approved and kept:  # a letter may state that pass: of the registry that gave it
        registry = claim.registry or registry
    if registry != claim.registry and claim.registry and not claim.approved:
        # What another registry said proves nothing here; this run asks for all of it again.
        claim = replace(claim, irr=CheckRecord(), ownership=CheckRecord())
    return replace(claim, registry=registry, irr_waived=waived, other_origins=others)
