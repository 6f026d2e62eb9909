"""A number is proven by what is so as it is recorded, and by ids that mean its holder."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from byoip.domain.asns.registration import AsnRange
from byoip.domain.checks.evidence import CheckState
from byoip.usecases.claims import moves, standing
from tests.asns.numbers import Numbers
from tests.asns.test_proving import published
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, WORKER


@pytest.mark.parametrize(
    ("at", "country", "elsewhere", "named", "proves"),
    [
        pytest.param("apnic", "JP", "JP", (), False, id="JPNIC's id"),
        pytest.param("apnic", "HK", "JP", (), False, id="JPNIC's id, a row of another country"),
        pytest.param("apnic", "NP", "NP", ("NP",), False, id="one that the settings name"),
        pytest.param("apnic", "NP", "NP", (), True, id="a country without one"),
        pytest.param("ripencc", "JP", "JP", (), True, id="a company of JP elsewhere"),
        pytest.param("lacnic", "BR", "BR", (), True, id="LACNIC names NIC.BR's members"),
    ],
)
async def test_an_id_that_a_national_registry_has_for_all_its_members_proves_no_number(
    numbers: Numbers, at: str, country: str, elsewhere: str, named: tuple[str, ...], proves: bool
) -> None:
    claim = await numbers.holds()
    rows = [(CIDR, "A91A7381", country), ("31.9.0.0/24", "A91A7381", elsewhere)]
    await numbers.statistics(AsnRange(3300, 3331, at, "allocated", "A91A7381"), holders=rows, at=at)
    await numbers.hear()
    own = await numbers.bring()
    async with numbers.registry_up():
        asking = replace(numbers.proving, countries=named)
        said = await numbers.record(await asking(claim.account_id, own.id))
    assert said.proven is proves, said.evidence


@pytest.mark.parametrize("since", ["revoked", "sold", "number sold", "hours"])
async def test_a_process_that_was_stopped_before_it_records_proves_nothing_by_what_was_so(
    numbers: Numbers, since: str
) -> None:
    claim = await numbers.holds()
    await numbers.statistics(holders=[(CIDR, "h-3320")])
    await numbers.hear()
    own = await numbers.bring()
    async with numbers.registry_up():
        record = await numbers.proving(own.account_id, own.id)
    match since:
        case "revoked":
            revoking = Verb(numbers.store, standing.revoke_approval)
            await revoking(claim.id, reason="Contract ended.", by=WORKER)
        case "sold":
            await numbers.statistics(holders=[(CIDR, "another")])
        case "number sold":
            await numbers.statistics(AsnRange(3320, 3320, "ripencc", "allocated", "another"))
        case _:
            numbers.clock.advance(timedelta(hours=2))
    late = await numbers.record(record)
    assert (late.state, late.proven_by) == (CheckState.PENDING, None)
    assert "has changed" in late.doubt


async def test_a_prefix_that_moved_here_proves_no_number_of_who_proved_it(
    numbers: Numbers,
) -> None:
    claim = await numbers.holds()
    await numbers.statistics(holders=[(CIDR, "h-3320")])
    await numbers.hear()
    to = await numbers.new_account()
    moving = Verb(numbers.store, partial(moves.move_on_word, terms=numbers.terms))
    await moving(claim.id, to_account_id=to, reason="Contract 4711.", by=WORKER)
    async with numbers.registry_up():
        said = await numbers.validate_asn(await numbers.bring(account_id=to))
    assert said.state is CheckState.MISSING, said.evidence


async def test_nor_by_a_token_that_stood_there_while_the_number_was_its_holders(
    numbers: Numbers,
) -> None:
    await numbers.statistics()
    own = await numbers.bring()
    async with numbers.registry_up():
        numbers.aut_num(published(own))
        record = await numbers.proving(own.account_id, own.id)
    await numbers.statistics(AsnRange(3320, 3320, "arin", "allocated", "another"))
    assert not (await numbers.record(record)).proven


@pytest.mark.parametrize(("last", "proves"), [(3399, True), (3400, False)])
async def test_an_id_with_more_numbers_than_a_network_has_is_no_holders(
    numbers: Numbers, last: int, proves: bool
) -> None:
    await numbers.holds()
    await numbers.statistics(
        AsnRange(3300, 3339, "ripencc", "allocated", "h"),
        AsnRange(3340, last, "ripencc", "assigned", "h"),
        holders=[(CIDR, "h")],
    )
    await numbers.hear()
    own = await numbers.bring()
    async with numbers.registry_up():
        assert (await numbers.validate_asn(own)).proven is proves
