"""Issuing and revoking validation tokens."""

from datetime import timedelta
from uuid import uuid4

import pytest

from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims import ownership_token
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.lifecycle import IllegalTransition
from byoip.usecases.claims import tokens
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import LABEL, World


@pytest.fixture
def revoke(world: World) -> Verb[None]:
    return Verb(world.store, tokens.revoke)


async def test_a_new_token_replaces_the_old_and_tells_what_to_paste(world: World) -> None:
    claim = await world.claim()
    first = await world.token(claim)
    world.clock.advance(timedelta(minutes=1))
    issued = await world.issue(claim, ownership_token.TokenMethod.RDNS)
    assert issued.token.method is ownership_token.TokenMethod.RDNS
    assert issued.token.value != first.value
    assert [one.name for one in issued.instructions] == [
        f"{LABEL}.0.0.31.in-addr.arpa.",
        f"{LABEL}.1.0.31.in-addr.arpa.",
    ]
    kept = await world.reader.tokens(claim.account_id, claim.id, after=None, limit=10)
    assert [one.revoked_at for one in kept] == [world.clock.now(), None]
    last = (await world.events(claim))[-1]
    assert last.kind == "token.issued"
    assert last.after == {"token_id": issued.token.id.hex, "method": "rdns"}


async def test_a_new_token_takes_back_what_the_old_one_proved(world: World) -> None:
    claim = await world.claim()
    world.txt(claim.prefix, (await world.token(claim)).value)
    await world.validate(claim)
    assert (await world.now(claim)).ownership.state is CheckState.VALID
    await world.issue(claim)
    assert (await world.now(claim)).ownership.state is CheckState.PENDING
    *_, issued, moved = await world.events(claim)
    assert (issued.kind, moved.kind) == ("token.issued", "check.ownership")
    assert (moved.before, moved.after) == ({"state": "valid"}, {"state": "pending"})


async def test_tokens_are_issued_ten_times_an_hour(world: World) -> None:
    claim = await world.claim()  # with the first
    for _ in range(ownership_token.ISSUES_PER_HOUR - 1):
        await world.issue(claim)
    before = await world.everything()
    with pytest.raises(ownership_token.TooManyTokens):
        await world.issue(claim)
    assert await world.everything() == before
    world.clock.advance(timedelta(hours=1, seconds=1))
    await world.issue(claim)


async def test_an_approved_prefix_gets_no_token(world: World) -> None:
    claim = await world.approved()
    before = await world.everything()
    with pytest.raises(IllegalTransition):
        await world.issue(claim)
    assert await world.everything() == before


async def test_a_revoked_token_has_proven_nothing(world: World, revoke: Verb[None]) -> None:
    claim = await world.claim()
    token = await world.token(claim)
    world.txt(claim.prefix, token.value)
    await world.validate(claim)
    await revoke(claim.account_id, claim.id, token.id, by=BY)
    assert (await world.now(claim)).ownership.state is CheckState.PENDING
    assert [one.kind for one in (await world.events(claim))[-2:]] == [
        "token.revoked",
        "check.ownership",
    ]
    view = await world.reader.claim(claim.account_id, claim.id)
    assert view.token is None


async def test_a_spent_token_cannot_be_revoked(world: World, revoke: Verb[None]) -> None:
    claim = await world.approved()
    token = await world.token(claim)
    before = await world.everything()
    with pytest.raises(ownership_token.TokenSpent):
        await revoke(claim.account_id, claim.id, token.id, by=BY)
    assert await world.everything() == before
    assert (await world.now(claim)).ownership.state is CheckState.VALID


async def test_only_ones_own_tokens_can_be_revoked(world: World, revoke: Verb[None]) -> None:
    claim, other = await world.claim(), await world.claim("31.0.4.0/24")
    token = await world.token(claim)
    with pytest.raises(ownership_token.TokenNotFound):
        await revoke(claim.account_id, other.id, token.id, by=BY)
    with pytest.raises(ClaimNotFound):
        await revoke(uuid4(), claim.id, token.id, by=BY)
    assert (await world.token(claim)).revoked_at is None
