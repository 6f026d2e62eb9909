"""Trust, 2.1: whom the holder lets write for a while, after a clean look, proves nothing.

A transit provider brings the space of its customer before it is its customer. Later that one takes
it into `mnt-routes`, it writes the token's route in the holder's name, and is taken out again.
"""

import pytest
from sqlalchemy import text

from byoip.domain.checks.validation_run import RunResult
from tests.trust.leaving import World, block, brought, carrying, proof, put, too_early

BEFORE, AFTER = "2026-11-01T08:00:00Z", "2026-11-20T08:00:00Z"


def changed(at: str, *lines: str, by: str = "LIR-MNT") -> str:
    more = "".join(f"{line}\n" for line in (*lines, f"last-modified: {at}"))
    return block(by) + more


@pytest.mark.parametrize("line", ["mnt-routes: TRANSIT-MNT", "mnt-by: TRANSIT-MNT"])
async def test_2_1_who_might_write_between_the_look_and_the_proof_proves_nothing(
    registry_world: World, line: str
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, changed(BEFORE))
    token = await parties.token(claim)
    assert token.absence is not None
    put(server, changed("2026-11-19T08:00:00Z", line))
    put(server, carrying(token, "TRANSIT-MNT", "LIR-MNT"))
    put(server, carrying(token, "LIR-MNT"))
    put(server, changed(AFTER))  # nothing is left to see but this moment

    told = too_early(await parties.validate(claim))

    assert told.seen == (
        "The address block was changed after ripencc was seen without the token, and before it was "
        "seen in route 31.0.1.0/24 in RIPE: others may have had the right meanwhile."
    )
    # The holder itself: it writes the new token, and the block stays as it is.
    put(server, carrying(await parties.token(claim), "LIR-MNT"))
    run = await parties.validate(claim)
    assert run.run.result is RunResult.APPROVED, proof(run)


async def test_2_1_a_block_that_stays_as_it_is_keeps_no_holder_waiting(
    registry_world: World,
) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, changed(BEFORE))
    put(server, carrying(await parties.token(claim), "LIR-MNT"))

    run = await parties.validate(claim)
    assert run.run.result is RunResult.APPROVED, proof(run)


async def test_2_1_a_block_that_was_not_there_at_the_look_is_another(registry_world: World) -> None:
    """Where there was none nobody might write; who might since it was registered is not known."""
    parties, server = registry_world
    elsewhere = "route: 32.0.0.0/16\norigin: AS64511\nmnt-by: X-MNT\nsource: RIPE\n"
    claim = await brought(registry_world, elsewhere)
    token = await parties.token(claim)
    assert token.absence is not None
    put(server, changed(AFTER), carrying(token, "LIR-MNT"))

    too_early(await parties.validate(claim))


@pytest.mark.parametrize("at", ["", "yesterday \u00fc", "2" * 5000])
async def test_2_1_a_moment_that_cannot_be_read_is_none(registry_world: World, at: str) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, changed(at))
    token = await parties.token(claim)
    assert token.absence is not None
    assert token.absence.changed == ""
    put(server, carrying(token, "LIR-MNT"))

    assert (await parties.validate(claim)).run.result is RunResult.APPROVED


async def test_2_1_looks_of_the_version_before_keep_their_rule(registry_world: World) -> None:
    parties, server = registry_world
    claim = await brought(registry_world, changed(BEFORE))
    async with parties.engine.begin() as connection:
        await connection.execute(text("UPDATE validation_tokens SET absent_block = NULL"))
    put(server, changed(AFTER), carrying(await parties.token(claim), "LIR-MNT"))

    assert (await parties.validate(claim)).run.result is RunResult.APPROVED
