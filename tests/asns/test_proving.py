"""An account proves an AS number: at the registry, by its holder, or on the operator's word."""

import asyncio
from datetime import timedelta

import pytest

from byoip.domain.asn import Asn, OriginNotOffered
from byoip.domain.asns.own_asn import (
    AsnProvenByAnother,
    OwnAsn,
    OwnAsnExists,
    OwnAsnInUse,
    OwnAsnNotFound,
    OwnAsnRefused,
    ProvenBy,
)
from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.evidence import CheckState
from byoip.sandbox.whois_server import IrrFault
from byoip.store.accounts.operator_reader import OperatorReader
from tests.asns.numbers import CUSTOMER, UPSTREAM, Numbers
from tests.usecases.world import CIDR, LABEL, ORIGIN

SOURCES = {"ripencc": "RIPE", "arin": "ARIN", "apnic": "APNIC", "afrinic": "AFRINIC"}


def published(own: OwnAsn) -> str:
    return f"remarks: {LABEL}: {own.token}"


@pytest.mark.parametrize("key", sorted(SOURCES))
async def test_its_token_in_the_aut_num_at_the_registry_that_gave_it_proves_it(
    numbers: Numbers, key: str
) -> None:
    await numbers.statistics(AsnRange(3300, 3399, key, "assigned", "h"))
    own = await numbers.bring()
    async with numbers.registry_up():
        missing = await numbers.validate_asn(own)
        assert (missing.state, missing.registry) == (CheckState.MISSING, key)
        assert "no aut-num object" in missing.seen
        for other, source in SOURCES.items():
            if other != key:
                numbers.aut_num(published(own), source=source)
        assert (await numbers.validate_asn(own)).state is CheckState.MISSING
        numbers.aut_num(published(own), source=SOURCES[key])
        proven = await numbers.validate_asn(own)
    assert (proven.state, proven.proven_by) == (CheckState.VALID, ProvenBy.TOKEN)
    assert (proven.holder, proven.proven_at) == ("h", numbers.clock.now())
    assert "carries the token. Answer of 127.0.0.1:" in proven.evidence


@pytest.mark.parametrize("fault", list(IrrFault))
@pytest.mark.parametrize("key", ["ripencc", "arin"])
async def test_a_registry_that_does_not_answer_changes_no_state(
    numbers: Numbers, fault: IrrFault, key: str
) -> None:
    await numbers.statistics(AsnRange(3320, 3320, key, "allocated", "h"))
    own = await numbers.bring()
    async with numbers.registry_up():
        numbers.aut_num(published(own), source=SOURCES[key])
        numbers.whois.fault = fault
        said = await numbers.validate_asn(own)
    assert (said.state, said.proven_by) == (CheckState.PENDING, None)
    assert said.doubt


async def test_another_accounts_token_and_one_that_was_replaced_or_expired_prove_nothing(
    numbers: Numbers,
) -> None:
    own, other = await numbers.bring(), await numbers.bring(account_id=await numbers.new_account())
    async with numbers.registry_up():
        numbers.aut_num(published(other))
        assert (await numbers.validate_asn(own)).state is CheckState.INVALID
        numbers.aut_num(published(own))
        numbers.clock.advance(timedelta(days=8))
        assert (await numbers.validate_asn(own)).state is CheckState.EXPIRED


async def test_statistics_that_lack_the_numbers_of_one_registry_answer_nothing(
    numbers: Numbers,
) -> None:
    own = await numbers.bring()
    await numbers.statistics(without="arin")
    said = await numbers.validate_asn(own)  # no registry is up: none is asked
    assert said.state is CheckState.PENDING
    assert "not loaded for every registry" in said.doubt
    await numbers.statistics(AsnRange(3320, 3320, "arin", "reserved", ""))
    refused = await numbers.validate_asn(own)
    assert (refused.state, refused.seen) == (
        CheckState.INVALID,
        "AS3320 is given to nobody: reserved at arin.",
    )


async def test_a_file_with_less_than_half_its_numbers_answers_nothing(numbers: Numbers) -> None:
    own = await numbers.bring()
    many = [AsnRange(n, n, "ripencc", "allocated", "h") for n in range(3300, 3340)]
    await numbers.statistics(*many)
    await numbers.statistics(*many[:15])
    assert "not loaded for every registry" in (await numbers.validate_asn(own)).doubt


# The account has proven 31.0.0.0/23.
async def test_what_an_operator_took_back_only_a_token_proves_again(numbers: Numbers) -> None:
    await numbers.holds()
    await numbers.statistics(holders=[(CIDR, "h-3320")])
    await numbers.hear()
    own = await numbers.bring()
    async with numbers.registry_up():
        assert (await numbers.validate_asn(own)).proven_by is ProvenBy.HOLDER
        revoked = await numbers.revoke(own)
        assert (await numbers.validate_asn(revoked)).state is CheckState.MISSING
        await numbers.remove_asn(revoked)
        anew = await numbers.bring()
        assert (await numbers.validate_asn(anew)).state is CheckState.MISSING
        numbers.aut_num(published(anew))
        assert (await numbers.validate_asn(anew)).proven_by is ProvenBy.TOKEN


async def test_at_lacnic_no_token_can_be_placed_and_it_says_what_remains(numbers: Numbers) -> None:
    await numbers.statistics(AsnRange(3320, 3320, "lacnic", "allocated", "h"))
    own = await numbers.bring()
    said = await numbers.validate_asn(own)  # no registry is up: none is asked
    assert said.state is CheckState.MISSING
    assert "ask the operator to approve" in said.fix
    assert (await numbers.approve(own)).proven_by is ProvenBy.OPERATOR


async def test_of_two_accounts_that_prove_it_at_once_one_has_it(numbers: Numbers) -> None:
    own, other = await numbers.bring(), await numbers.bring(account_id=await numbers.new_account())
    async with numbers.registry_up():
        numbers.aut_num(published(own), published(other))
        ends = await asyncio.gather(
            numbers.validate_asn(own), numbers.validate_asn(other), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in ends) == ["AsnProvenByAnother", "OwnAsn"]
        (loser,) = [
            one for one, end in zip((own, other), ends, strict=True) if isinstance(end, Exception)
        ]
        with pytest.raises(AsnProvenByAnother):
            await numbers.approve(loser)
        (winner,) = {own.id, other.id} - {loser.id}
        await numbers.revoke(own if own.id == winner else other)
        assert (await numbers.validate_asn(loser)).proven


async def test_a_proof_that_was_taken_back_needs_a_new_token(numbers: Numbers) -> None:
    own = await numbers.bring()
    async with numbers.registry_up():
        numbers.aut_num(published(own))
        assert (await numbers.validate_asn(own)).proven
        revoked = await numbers.revoke(own)
        assert (revoked.proven, revoked.token == own.token) == (False, False)
        assert (await numbers.validate_asn(own)).state is CheckState.INVALID


async def test_what_is_not_the_accounts_or_not_admitted_is_refused(numbers: Numbers) -> None:
    own = await numbers.bring()
    with pytest.raises(OwnAsnExists):
        await numbers.bring()
    for asn in (ORIGIN, UPSTREAM, Asn(64512)):
        with pytest.raises(OwnAsnRefused):
            await numbers.bring(asn)
    other = await numbers.new_account()
    with pytest.raises(OwnAsnNotFound):
        await numbers.reads.one(other, own.id)
    assert await numbers.reads.page(other, after=None, limit=10) == []


async def test_a_prefix_names_only_a_number_that_its_account_has_proven(numbers: Numbers) -> None:
    own = await numbers.bring()
    with pytest.raises(OriginNotOffered):
        await numbers.submit()
    await numbers.approve(own)
    claim = await numbers.submit()
    assert claim.asn == CUSTOMER
    with pytest.raises(OwnAsnInUse, match=CIDR):
        await numbers.remove_asn(own)
    stranger = Numbers(numbers.engine, numbers.directory, numbers.clock)
    stranger.account_id = await numbers.new_account()
    with pytest.raises(OriginNotOffered):
        await stranger.submit(cidr="32.0.0.0/23")


async def test_a_token_that_was_replaced_while_the_registry_was_asked_proves_nothing(
    numbers: Numbers,
) -> None:
    own = await numbers.bring()
    async with numbers.registry_up():
        numbers.aut_num(published(own))
        record = await numbers.proving(own.account_id, own.id)
        again = await numbers.reissue(own)
        late = await numbers.record(record)
        assert (late.state, late.token) == (CheckState.PENDING, again.token)
        numbers.aut_num(published(again))
        assert (await numbers.validate_asn(own)).proven


async def test_of_a_number_that_another_account_proves_as_well_operators_are_told_once(
    numbers: Numbers,
) -> None:
    """4.1: they see both accounts and evidences, and decide; until then the first one has it."""
    own, other = await numbers.bring(), await numbers.bring(account_id=await numbers.new_account())
    async with numbers.registry_up():
        numbers.aut_num(published(own))
        first = await numbers.validate_asn(own)
        numbers.aut_num(published(other))
        for _ in range(2):
            with pytest.raises(AsnProvenByAnother):
                await numbers.validate_asn(other)
        shown = await numbers.reads.one(other.account_id, other.id)
        assert "Another account has proven AS3320" in shown.seen
        events = await OperatorReader(numbers.engine).events(after=0, limit=100)
        (told,) = [one.event for one in events if one.event.kind == "own_asn.contested"]
        assert told.before["account_id"] == own.account_id.hex
        assert told.before["evidence"] == first.evidence
        assert told.after["account_id"] == other.account_id.hex
        assert "carries the token" in str(told.after["evidence"])
        await numbers.revoke(own)
        assert (await numbers.validate_asn(other)).proven
