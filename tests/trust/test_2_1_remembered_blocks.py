"""Trust, 2.1: who may write is read as the registry says it now, not as it did a minute ago.

Answers are remembered for a minute, whoever asks. A stranger keeps the one about the block fresh by
claims of its own; taken into `mnt-routes`, it writes the token's route and asks for validation.
"""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.budgeted_registry import BudgetedRegistry
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.evidence import Failed, Reason
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.validation_run import RunResult
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.usecases.checks.collect_evidence import CollectEvidence
from tests.trust.leaving import block, brought, carrying, proof, put
from tests.trust.parties import Parties, whois_at
from tests.usecases.world import LABEL


class Remembering(Parties):
    """Asks as processes do: within the budget, which remembers answers."""

    @property
    def ask(self) -> CollectEvidence:
        budget = PostgresRegistryBudget(self.engine)
        return CollectEvidence(
            self.store,
            self.clock,
            BudgetedRegistry(WhoisRegistry(self.clock, deadline=30), budget, self.clock),
            self.dns,
            self.registries,
            self.overrides,
            self.waived,
            LABEL,
            self.deadline,
        )


@pytest.mark.parametrize("line", ["mnt-routes: TRANSIT-MNT\n", "mnt-lower: TRANSIT-MNT\n"])
async def test_2_1_a_writer_that_the_block_names_since_is_seen_at_once(
    engine: AsyncEngine, tmp_path: Path, line: str
) -> None:
    async with whois_at(*RIRS) as (server, registries):
        parties = Remembering(engine, tmp_path, known=registries)
        parties.account_id = await parties.new_account()
        wider = block().replace("31.0.1.0 - 31.0.1.255", "31.0.0.0 - 31.0.3.255")
        claim = await brought((parties, server), wider)
        token = await parties.token(claim)
        assert token.absence is not None
        put(server, wider.replace("source", f"{line}source"), carrying(token, "LIR-MNT"))

        run = await parties.validate(claim)

    outcome = proof(run)
    assert run.run.result is RunResult.FAILED, outcome
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
    assert "TRANSIT-MNT may write routes as well" in outcome.seen
