"""Trust, 2.1: who wrote the token's route and left no trace of its authority proves nothing.

The stranger keeps a route around the prefix, writes the token's route by it in the holder's name,
and removes its own before the checks run. So a token counts at a registry with the holder rule only
where that was seen without it before, and without strangers: a worker looks once it is issued.
"""

from sqlalchemy import text

from byoip.domain.checks.evidence import CheckState, Failed, Reason
from byoip.domain.checks.validation_run import RunResult
from byoip.domain.prefix import Prefix
from tests.trust.leaving import (
    CIDR,
    World,
    around,
    block,
    brought,
    carrying,
    leave,
    proof,
    put,
    too_early,
)
from tests.usecases.looking import look
from tests.usecases.world import LABEL, roa


async def test_2_1_a_stranger_that_removes_its_route_afterwards_proves_nothing(
    registry_world: World,
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block(), around())
    token = await parties.token(claim)
    put(server, carrying(token, "TRANSIT-MNT", "LIR-MNT"))
    put(server, carrying(token, "LIR-MNT"))
    leave(server)

    told = too_early(await parties.validate(claim))

    fresh = await parties.token(claim)
    assert fresh.value != token.value
    assert told.seen == (
        f"The token was in route {CIDR} in RIPE before ripencc was seen without it and without "
        "anyone else who might write it there."
    )
    assert f"remarks:        {LABEL}: {fresh.value}\n" in told.fix
    assert (await parties.now(claim)).ownership.state is CheckState.INVALID
    for _ in range(2):  # the stranger can write nothing more, and no more tokens are made
        run = await parties.validate(claim)
        assert run.run.result is RunResult.FAILED
        outcome = proof(run)
        assert isinstance(outcome, Failed)
        assert outcome.reason is Reason.TOKEN_OTHER
        assert await parties.token(claim) == fresh


async def test_2_1_the_holder_that_publishes_after_the_look_is_approved(
    registry_world: World,
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block(), around("LIR-MNT"))
    token = await parties.token(claim)
    assert token.absence is not None
    assert token.absence.registry == "ripencc"
    assert token.absence.writers == {"LIR-MNT"}
    put(server, carrying(token, "LIR-MNT"))

    run = await parties.validate(claim)

    assert run.run.result is RunResult.APPROVED, proof(run)
    assert [one for one in await parties.kinds(claim) if one == "token.absent"] != []


async def test_2_1_who_publishes_before_the_look_gets_another_token_once(
    registry_world: World,
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block(), looked=False)
    token = await parties.token(claim)
    put(server, carrying(token, "LIR-MNT"))
    await look(parties, token.id)  # too late: it is there
    assert (await parties.token(claim)).absence is None

    too_early(await parties.validate(claim))
    fresh = await parties.token(claim)
    put(server, carrying(fresh, "LIR-MNT"))

    run = await parties.validate(claim)
    assert run.run.result is RunResult.APPROVED, proof(run)
    made = [one for one in await parties.events(claim) if one.kind == "token.issued"]
    assert [one.after.get("because") for one in made][-1] == "published_early"
    assert len(made) == 2


async def test_2_1_a_run_that_sees_no_token_yet_is_the_look(registry_world: World) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block(), looked=False)

    assert isinstance(proof(await parties.validate(claim)), Failed)
    token = await parties.token(claim)
    assert token.absence is not None
    put(server, carrying(token, "LIR-MNT"))

    assert (await parties.validate(claim)).run.result is RunResult.APPROVED


async def test_2_1_a_stranger_that_was_removed_at_the_holders_word(registry_world: World) -> None:
    """The holder published while the stranger was there: once that is gone, it does so again."""
    parties, server = registry_world
    claim = await brought(registry_world, block(), around())
    token = await parties.token(claim)
    assert token.absence is None
    put(server, carrying(token, "LIR-MNT"))

    for _ in range(2):  # nothing changes while the stranger may write
        outcome = proof(await parties.validate(claim))
        assert isinstance(outcome, Failed)
        assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER
        assert await parties.token(claim) == token
    leave(server)
    too_early(await parties.validate(claim))
    put(server, carrying(await parties.token(claim), "LIR-MNT"))

    assert (await parties.validate(claim)).run.result is RunResult.APPROVED


async def test_2_1_a_former_holder_wrote_it_while_it_might(registry_world: World) -> None:
    """Whose block it was at the look is not whose block it is: that one's word counts alone."""
    parties, server = registry_world
    claim = await brought(registry_world, block("FORMER-MNT"))
    token = await parties.token(claim)
    assert token.absence is not None
    put(server, carrying(token, "LIR-MNT"), block("LIR-MNT"))

    too_early(await parties.validate(claim))

    put(server, carrying(await parties.token(claim), "LIR-MNT"))
    assert (await parties.validate(claim)).run.result is RunResult.APPROVED


async def test_2_1_a_look_at_another_registry_counts_nothing_here(registry_world: World) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block())
    token = await parties.token(claim)
    assert token.absence is not None
    async with parties.engine.begin() as connection:
        await connection.execute(text("UPDATE validation_tokens SET absent_in = 'apnic'"))
    put(server, carrying(token, "LIR-MNT"))

    too_early(await parties.validate(claim))


async def test_2_1_what_reverse_dns_proves_needs_no_look(registry_world: World) -> None:
    """The token stands in both places: it is not replaced, for the one counts without the other."""
    parties, server = registry_world
    put(server, block())
    parties.overridden, parties.looks = [(Prefix.parse(CIDR), "ripencc")], False
    claim = await parties.claim(CIDR)  # its token serves either way
    await parties.roas(roa(claim.prefix))
    token = await parties.token(claim)
    put(server, carrying(token, "LIR-MNT"))
    parties.txt(claim.prefix, token.value)

    run = await parties.validate(claim)

    assert run.run.result is RunResult.APPROVED
    outcome = proof(run)
    assert isinstance(outcome, Failed)
    assert outcome.fix == "Nothing: it is proven in reverse DNS."


async def test_2_1_tokens_of_before_keep_their_rule(registry_world: World) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, block(), looked=False)
    async with parties.engine.begin() as connection:
        await connection.execute(text("UPDATE validation_tokens SET look_needed = false"))
    put(server, carrying(await parties.token(claim), "LIR-MNT"))

    assert (await parties.validate(claim)).run.result is RunResult.APPROVED
