"""Letters are written once, renewed in time, and end only when something is known to be wrong."""

import asyncio
from datetime import timedelta

import pytest

from byoip.domain.checks.evidence import Check
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.letters.letter import (
    RENEWAL_AHEAD,
    VALIDITY,
    LetterNotFound,
    LetterStatus,
    RevokedBecause,
)
from byoip.domain.prefix import Prefix
from byoip.store.letters.letter_reader import LetterReader
from byoip.usecases.claims import standing
from byoip.usecases.letters import letters
from byoip.usecases.letters.renew_letters import RenewLetters
from byoip.usecases.routes import offboarding
from byoip.usecases.routes.continue_offboardings import ContinueOffboardings
from tests.fakes.letters import FakePress, FakeSigner
from tests.store.samples import BY
from tests.usecases.letters import (
    HOUR,
    REASON,
    approved,
    asked_for,
    claimed,
    read,
    remove,
    save,
    status,
    write,
    written,
)
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, ORIGIN, World, roa


async def test_an_approval_asks_for_the_letter_in_the_same_transaction(world: World) -> None:
    claim = await approved(world)
    await approved(world, "31.1.0.0/24", delegated=False)
    assert await asked_for(world) == [claim.id]


async def test_the_letter_states_what_was_found_and_the_prefix_shows_it(world: World) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    facts, now = letter.facts, await world.now(claim)
    assert await read(world, letter) == letter
    assert (facts.prefix, facts.origin, facts.operator) == (claim.prefix, ORIGIN, "Example")
    assert (facts.account_name.value, str(facts.holder)) == ("Example", "as registered at RIPE NCC")
    assert [one.check for one in facts.checks] == [
        Check.REGISTRATION,
        Check.IRR,
        Check.RPKI,
        Check.OWNERSHIP_RDNS,
    ]
    assert facts.checks[2].of.startswith("a twin, built 2")
    assert [str(one.prefix) for one in facts.roas] == [CIDR]
    assert facts.valid_until - facts.issued_at == VALIDITY
    assert now.loa_document_id == letter.document_id
    assert now.version == claim.version
    reader = LetterReader(world.engine)
    document, content = await reader.document(claim.account_id, letter.document_id)
    assert (document.auto_generated, document.verified) == (True, True)
    assert document.filename.value == "loa-31.0.0.0-23-as64500.pdf"
    assert (document.sha256, document.size) == (letter.sha256, len(content))
    assert content == await FakeSigner().sign(await FakePress().press(facts), facts)
    [issued] = [one for one in await world.events(claim) if one.kind == "letter.issued"]
    assert issued.after["reference"] == str(letter.reference)


async def test_however_often_it_is_asked_for_there_is_one(world: World) -> None:
    claim = await approved(world)
    world.store.excused = True  # each has transactions of its own
    both = await asyncio.gather(*(write(world, claim) for _ in range(4)))
    assert len([one for one in both if one]) == 1
    assert await write(world, claim) is None
    assert (await world.kinds(claim)).count("letter.issued") == 1


async def test_what_is_not_delegated_or_not_ok_gets_none(world: World) -> None:
    assert await write(world, await approved(world, "31.1.0.0/24", delegated=False)) is None
    assert await write(world, await claimed(world, "31.2.0.0/24")) is None
    claim = await approved(world)
    await save(world, claim, standing=Standing.SUSPENDED)
    assert await write(world, claim) is None
    assert await RenewLetters(world.store, world.clock)() == 0


async def test_without_a_roa_of_today_it_waits(world: World) -> None:
    claim = await approved(world)
    await world.roas()
    assert await write(world, claim) is None
    await world.roas(roa(claim.prefix))
    world.clock.advance(timedelta(hours=25))  # then validity is unknown
    assert await write(world, claim) is None
    await world.roas(roa(claim.prefix))
    assert await RenewLetters(world.store, world.clock)() == 1
    assert (await asked_for(world)).count(claim.id) == 2
    await written(world, claim)


async def test_of_a_prefix_that_is_removed_meanwhile_nothing_is_kept(world: World) -> None:
    claim = await approved(world)
    assert await write(world, claim, meanwhile=lambda: remove(world, claim)) is None
    async with world.store.transaction() as tx:
        assert await tx.letters.of(claim.id) == []
        with pytest.raises(ClaimNotFound):
            await tx.claims.get(claim.id)


async def test_what_is_not_so_any_more_when_the_page_is_set_is_not_stated(world: World) -> None:
    claim = await approved(world)
    assert await write(world, claim, meanwhile=world.roas) is None

    async def another_roa() -> None:
        wider = {**roa(Prefix.parse("31.0.0.0/22")), "maxLength": 23}
        await world.roas(roa(claim.prefix), wider)

    await world.roas(roa(claim.prefix))
    assert await write(world, claim, meanwhile=another_roa) is None

    async def approved_anew() -> None:
        await save(world, claim, approved_at=world.clock.now() + HOUR)

    assert await write(world, claim, meanwhile=approved_anew) is None
    assert "letter.issued" not in await world.kinds(claim)


async def test_it_is_renewed_thirty_days_ahead_and_the_old_one_points_to_the_new(
    world: World,
) -> None:
    claim = await approved(world)
    old = await written(world, claim)
    renewing = RenewLetters(world.store, world.clock)
    world.clock.advance(VALIDITY - RENEWAL_AHEAD - HOUR)
    await world.roas(roa(claim.prefix))
    assert await renewing() == 0
    assert await write(world, claim) is None
    world.clock.advance(HOUR)
    await save(world, claim, standing=Standing.CONTESTED)  # what stands is renewed
    assert await renewing() == 1
    new = await written(world, claim)
    assert await renewing() == 0
    assert await status(world, old) is LetterStatus.SUPERSEDED
    assert (await read(world, old)).superseded_by == new.reference
    assert await status(world, new) is LetterStatus.VALID
    assert (await world.now(claim)).loa_document_id == new.document_id
    *_, issued = [one for one in await world.events(claim) if one.kind == "letter.issued"]
    assert issued.before == {"reference": str(old.reference)}


async def test_removing_the_prefix_revokes_all_its_letters(world: World) -> None:
    claim = await approved(world)
    old = await written(world, claim)
    world.clock.advance(VALIDITY - RENEWAL_AHEAD)
    await world.roas(roa(claim.prefix))
    new = await written(world, claim)
    await remove(world, claim)
    for letter in (old, new):
        revoked = await read(world, letter)
        assert revoked.revoked_because is RevokedBecause.REMOVED
        assert await status(world, letter) is LetterStatus.REVOKED
    assert (await world.kinds(claim)).count("letter.revoked") == 2


async def test_offboarding_revokes_it_when_the_route_is_gone_and_restoring_brings_another(
    world: World,
) -> None:
    claim = await approved(world)
    old = await written(world, claim)
    await Verb(world.store, offboarding.offboard)(claim.account_id, claim.id, by=BY)
    assert await status(world, old) is LetterStatus.VALID  # nothing is withdrawn yet
    await ContinueOffboardings(world.store, world.clock, timedelta(days=7))(by=BY)
    assert (await read(world, old)).revoked_because is RevokedBecause.OFFBOARDED
    assert await RenewLetters(world.store, world.clock)() == 0
    assert await write(world, claim) is None
    await Verb(world.store, offboarding.restore)(claim.account_id, claim.id, by=BY)
    new = await written(world, claim)
    assert await status(world, new) is LetterStatus.VALID


async def test_after_the_operator_has_revoked_it_no_other_is_written(world: World) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    revoking = Verb(world.store, letters.revoke)
    for _ in range(2):
        ended = await revoking(str(letter.reference), reason=REASON, by=BY)
        assert ended.revoked_because is RevokedBecause.OPERATOR
    *_, event = await world.events(claim)
    assert event.after == {"because": "operator", "reason": "the customer left"}
    assert (await world.kinds(claim)).count("letter.revoked") == 1
    await world.validate(claim)
    assert await RenewLetters(world.store, world.clock)() == 0
    assert await write(world, claim) is None
    with pytest.raises(LetterNotFound):
        await revoking("no such letter", reason=REASON, by=BY)


async def test_a_new_approval_brings_a_new_letter_that_states_the_new_checks(world: World) -> None:
    claim = await approved(world)
    old = await written(world, claim)
    world.clock.advance(HOUR)
    revoking = Verb(world.store, standing.revoke_approval)
    await revoking(claim.id, reason=REASON, by=BY)
    assert await status(world, old) is LetterStatus.REVOKED
    assert await write(world, claim) is None
    world.clock.advance(HOUR)
    approving = Verb(world.store, standing.approve)
    await approving(claim.id, reason=REASON, by=BY)  # states nothing, so neither does a letter
    assert await RenewLetters(world.store, world.clock)() == 0
    assert await write(world, claim) is None
    await revoking(claim.id, reason=REASON, by=BY)
    world.clock.advance(HOUR)
    await world.issue(claim)
    await world.prove(claim)
    await world.validate(claim)
    assert await RenewLetters(world.store, world.clock)() == 1
    new = await written(world, claim)
    assert min(one.at for one in new.facts.checks) > old.facts.issued_at + HOUR
    assert await status(world, new) is LetterStatus.VALID


async def test_the_operator_may_revoke_what_removal_has_revoked(world: World) -> None:
    claim = await approved(world)
    letter = await written(world, claim)
    await remove(world, claim)
    again = await Verb(world.store, letters.revoke)(str(letter.reference), reason=REASON, by=BY)
    assert again.revoked_because is RevokedBecause.REMOVED
