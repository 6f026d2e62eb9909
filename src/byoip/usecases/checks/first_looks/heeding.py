"""A run heeds what was seen of a token before it was published.

Where the token is not there yet and no stranger may write it, the run notes that. Where it is there
and was not seen absent before, a stranger may have written it that has left no trace: it proves
nothing in this run and in no later one, and one takes its place that counts as looked for, since
the run itself has seen no stranger. So the next proof is the holder's.
"""

from dataclasses import dataclass, replace

from byoip.domain.checks.evidence import Check, Failed, Finding, Passed, Reason, Unanswered
from byoip.domain.checks.registries.remedies import remarks_line, token_line
from byoip.domain.claims.claim import Claim
from byoip.domain.claims.ownership_token import Absence, OwnershipToken
from byoip.store.transaction import Transaction
from byoip.usecases.checks.collect_evidence import CollectedEvidence, CollectEvidence
from byoip.usecases.checks.request_validation import NewTokens, put_in_place
from byoip.usecases.checks.targets import Look
from byoip.usecases.claims.unproven import unproven

_ISSUE = "Issue a new token (POST .../validation_tokens), and publish it once it was issued."


@dataclass(frozen=True, slots=True)
class Heeding:
    """Judge a run's token by what was seen before; the claim is locked.

    Attributes:
        tokens: how a new one is made; None: the customer has to issue it.
    """

    tx: Transaction
    ask: CollectEvidence
    tokens: NewTokens | None

    async def __call__(
        self, claim: Claim, token: OwnershipToken, answers: CollectedEvidence
    ) -> tuple[CollectedEvidence, Claim]:
        """The answers as they count, and the claim without what a replaced token has proven.

        Args:
            claim: as it is locked.
            token: the live one, as it is now.
            answers: of the run.
        """
        look = answers.look
        if look is None:
            return answers, claim
        if look.where is None:
            await note(self.tx, token, look)
            return answers, claim
        if token.seen_absent(look.registry, look.writers, look.changed):
            return answers, claim
        by_check = {one.check: one.outcome for one in answers.findings}
        fix, asked = _ISSUE, claim
        if isinstance(by_check.get(Check.OWNERSHIP_RDNS), Passed):
            fix = "Nothing: it is proven in reverse DNS."
        elif self.tokens and await self.tx.claims.outside_contests(claim):
            # It comes to be after this run's look, which has seen no stranger.
            fresh = await put_in_place(
                self.tx, token, self.tokens, because="published_early", absence=_seen(look)
            )
            claim = unproven(claim, self.tx.now)
            line = remarks_line(token_line(self.ask.label, fresh.value))
            fix = (
                f"A new token has taken its place. Replace its line in {look.where} by this one, "
                f"and ask for validation again:\n\n{line}\n"
            )
        seen = (
            f"The token was in {look.where} before {look.registry} was seen without it and without "
            "anyone else who might write it there."
        )
        if token.absence and token.absence.changed != look.changed:
            seen = (
                f"The address block was changed after {look.registry} was seen without the token, "
                f"and before it was seen in {look.where}: others may have had the right meanwhile."
            )
        failed = Failed(Reason.TOKEN_TOO_EARLY, seen, fix)
        findings = (
            replace(one, outcome=failed) if one.check is Check.OWNERSHIP_IRR else one
            for one in answers.findings
            if claim is asked or not _waits(one)
        )
        return replace(answers, findings=tuple(findings)), claim


async def note(tx: Transaction, token: OwnershipToken, look: Look) -> None:
    """Note where the token was not, unless it has ended meanwhile, or that is noted."""
    if await tx.tokens.note_absence(token.id, _seen(look)):
        after = {"token_id": token.id.hex, "registry": look.registry, "at": look.at.isoformat()}
        tx.record(token.claim_id, "token.absent", after=after)


def _waits(one: Finding) -> bool:
    """Whether the run would be tried again for a token that is no more."""
    return one.check is Check.OWNERSHIP_RDNS and isinstance(one.outcome, Unanswered)


def _seen(look: Look) -> Absence:
    return Absence(look.at, look.registry, look.writers, look.changed)
