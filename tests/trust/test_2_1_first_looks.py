"""Trust, 2.1: a worker looks at the registry before a token is published there.

Why: test_2_1_strangers_that_leave.py. The registry is a whois server on loopback.
"""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from byoip.adapters.checks.budgeted_registry import BudgetedRegistry
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.evidence import Passed
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.validation_run import BACKOFF, RunResult
from byoip.domain.claims.lifecycle import Transition
from byoip.domain.claims.ownership_token import TokenMethod
from byoip.domain.prefix import Prefix
from byoip.ports.checks.registry import Found, Lookup, NoEntries, RegistryQuestion
from byoip.sandbox.whois_answers import IrrdSession
from byoip.sandbox.whois_server import IrrFault, WhoisServer
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.usecases.claims import tokens
from byoip.usecases.claims.close import close
from tests.store.samples import BY
from tests.trust.leaving import (
    CIDR,
    World,
    around,
    block,
    brought,
    carrying,
    proof,
    put,
    waiting,
)
from tests.usecases.looking import look
from tests.usecases.verbs import Verb


async def test_2_1_two_looks_at_once_note_one(registry_world: World) -> None:
    parties, _ = registry_world
    claim = await brought(registry_world, block(), looked=False)
    token = await parties.token(claim)

    await asyncio.gather(*(look(parties, token.id) for _ in range(4)))

    assert (await parties.token(claim)).absence is not None
    assert (await parties.kinds(claim)).count("token.absent") == 1


class Slow(WhoisServer):
    """Answers questions for routes around once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def _misbehave(
        self, query: str, session: IrrdSession, writer: asyncio.StreamWriter
    ) -> bool:
        if "-L" in query.split():
            self.asked.set()
            await self.go.wait()
        return await super()._misbehave(query, session, writer)


@pytest.mark.parametrize("end", ["revoked", "replaced", "closed"])
async def test_2_1_a_look_notes_nothing_on_a_token_that_ended_meanwhile(
    registry_world: World, end: str
) -> None:
    parties, _ = registry_world
    server = Slow()
    port = await server.start()
    (ripe,) = [one for one in RIRS if one.source == "RIPE"]
    parties.known["ripencc"] = replace(ripe, host="127.0.0.1", port=port, rest_url=None)
    claim = await brought((parties, server), block(), looked=False)
    token = await parties.token(claim)
    looking = asyncio.create_task(look(parties, token.id))
    await server.asked.wait()
    if end == "revoked":
        await Verb(parties.store, tokens.revoke)(claim.account_id, claim.id, token.id, by=BY)
    elif end == "replaced":
        await parties.issue(claim, TokenMethod.IRR)
    else:
        async with parties.store.transaction(actor=BY) as tx:
            await close(tx, await tx.claims.lock(claim.id), Transition.REMOVED)
    server.go.set()
    await looking
    await server.stop()

    async with parties.engine.connect() as connection:
        noted = await connection.scalar(text("SELECT count(absent_at) FROM validation_tokens"))
    assert noted == 0


@pytest.mark.parametrize("fault", [IrrFault.REFUSED, IrrFault.RESET, IrrFault.TRUNCATED])
async def test_2_1_a_registry_that_does_not_answer_is_asked_again_later_each_time(
    registry_world: World, fault: IrrFault
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block(), looked=False)
    token = await parties.token(claim)
    server.fault = fault
    for retries in (0, 1, 50):
        await look(parties, token.id, retries)
    now = parties.clock.now()
    due = [now + pause for pause in (BACKOFF[0], BACKOFF[1], BACKOFF[-1])]
    assert await waiting(parties, token) == [(0, None), *zip((1, 2, 51), due, strict=True)]
    assert (await parties.token(claim)).absence is None

    server.fault = None
    await look(parties, token.id, 1)
    assert (await parties.token(claim)).absence is not None
    put(server, carrying(token, "LIR-MNT"))
    assert (await parties.validate(claim)).run.result is RunResult.APPROVED


async def test_2_1_without_the_holder_rule_nothing_is_asked_first(registry_world: World) -> None:
    parties, server = registry_world
    parties.known["ripencc"] = replace(parties.known["ripencc"], holder_rule=False)
    claim = await brought(registry_world, block(), around(), looked=False)
    token = await parties.token(claim)
    queued = await waiting(parties, token)  # by then it is not known which registry it is
    server.fault = IrrFault.REFUSED
    await look(parties, token.id)
    assert await waiting(parties, token) == queued  # there is no answer to wait for
    server.fault = None
    await parties.validate(claim)
    assert (await parties.token(claim)).absence is None
    await parties.issue(claim, TokenMethod.IRR)  # now it is
    token = await parties.token(claim)
    assert await waiting(parties, token) == []
    put(server, carrying(token, "TRANSIT-MNT"))

    assert isinstance(proof(await parties.validate(claim)), Passed)


async def test_2_1_what_the_look_was_told_is_not_what_a_run_is_told(registry_world: World) -> None:
    """Answers are remembered for a minute; not this one, since the token is published meanwhile."""
    parties, server = registry_world
    budget = PostgresRegistryBudget(parties.engine)
    port = BudgetedRegistry(WhoisRegistry(parties.clock, deadline=30), budget, parties.clock)
    asked = parties.known["ripencc"], Lookup.COVERING_ROUTES, Prefix.parse(CIDR)
    question = RegistryQuestion(*asked, parties.account_id)
    assert isinstance(await port.look_up(question), NoEntries)

    put(server, around())

    assert isinstance(await port.look_up(question), Found)
