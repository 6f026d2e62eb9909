"""Look at the registry as soon as a token is issued, so that a stranger cannot have written it.

A job of the queue, made in the transaction that issues the token. What it found is noted on the
token as that is by then: one that was revoked, or has expired, is not noted. If its worker dies the
look is lost, and the next validation run has it instead.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from byoip.domain.checks.evidence import Fault, Outcome, Unanswered
from byoip.domain.checks.registry import Responsible
from byoip.domain.checks.validation_run import BACKOFF
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.history import Actor
from byoip.store.sharing import working_for
from byoip.store.transaction import Store
from byoip.usecases.checks.collect_evidence import CollectEvidence
from byoip.usecases.checks.first_looks.heeding import note
from byoip.usecases.checks.run_validation import RunValidation
from byoip.usecases.checks.turns import Turns


@dataclass(frozen=True, slots=True)
class LookFirst:
    """Ask the registry about a token that is not published yet, and note that it is not.

    Attributes:
        turns: whose questions this worker asks at once, shared with validation runs.
        validate: carries out a run of another account in the place of a look that gets no turn.
    """

    store: Store
    ask: CollectEvidence
    turns: Turns
    validate: RunValidation | None = None

    async def __call__(self, token_id: UUID, retries: int, *, by: Actor) -> None:
        """Do nothing for a token that has ended, or where no registry has the holder rule.

        Without an answer it is asked again, later each time, as long as the token lasts.
        """
        due = await self._look(token_id, retries, by)
        if due is not None and self.validate is not None:
            await self.validate(due, by=by)

    async def _look(self, token_id: UUID, retries: int, by: Actor) -> UUID | None:
        """Look; where no turn came, a run that may have the place, as of `RunValidation`."""
        registries = self.ask.responsibility
        async with self.store.transaction() as tx:
            token = await tx.tokens.unseen(token_id)
            if token is None or not token.serves(TokenMethod.IRR):
                return None
            known = await tx.session.look(*registries.about(tx, token.prefix))
        found = registries.judge(token.prefix, *known).registry
        if isinstance(found, Responsible) and not found.registry.holder_rule:
            return None
        outcome: Outcome | None = found if isinstance(found, Unanswered) else None
        look, gives_way = None, False
        if isinstance(found, Responsible):
            whose = token.account_id
            if self.turns.free(whose) or await self.turns.comes(whose):
                with self.turns.turn(whose), working_for(whose):
                    until = asyncio.get_running_loop().time() + self.ask.deadline
                    looked = await self.ask.asks_first(token, found.registry, until)
                outcome, look = looked.outcome, looked.look
            else:  # not counted: nothing was asked
                outcome, retries = Unanswered(Fault.NOT_ASKED, "no turn came"), retries - 1
                gives_way = True
        if look is None and not isinstance(outcome, Unanswered):
            return None
        async with self.store.transaction(actor=by) as tx:
            if look is None:
                pause = BACKOFF[min(max(retries, 0), len(BACKOFF) - 1)]
                await tx.jobs.enqueue_look(token, retries=retries + 1, at=tx.now + pause)
                return await tx.runs.due_beside(self.turns.full(), tx.now) if gives_way else None
            with suppress(ClaimNotFound):
                await tx.claims.lock(token.claim_id)  # before its token and its history
                await note(tx, token, look)
        return None
