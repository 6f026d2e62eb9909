"""Time 4.1 on pages: both parties see a dispute about their AS number; an operator decides."""

from datetime import timedelta

import pytest

from byoip.domain.accounts.people import Role
from byoip.domain.history import Actor
from byoip.usecases.asns.own_asns import approve
from tests.api.operators import Operator
from tests.api.world import World
from tests.asns.disputes import contest
from tests.web.browser import Form, Reading, signed_in

NOC = "/ui/noc"

BY = Actor("operator", "test")


async def asn_disputed(world: World, asn: int = 3356) -> str:
    """The path of the dispute's page."""
    own, _ = await contest(
        world.store, world.backend.asn_terms, world.account_id, world.other_account_id, asn
    )
    found = await world.backend.own_asns.disputes.listed()
    (only,) = [one for one in found if one.holder.own.id == own.id]
    return f"{NOC}/asn-disputes/{only.dispute.id.hex}"


def form_for(shown: Reading, side: str) -> Form:
    [found] = [one for one in shown.forms if one.fields.get("for") == side]
    return found


async def pages(world: World, asn: str) -> tuple[str, str]:
    """What the holder and the claimant read on their number's page."""
    read = []
    for account in (world.account_id, world.other_account_id):
        browser = await signed_in(world, Role.VIEWER, account_id=account)
        [link] = [
            one for one in (await browser.read("/ui/asns")).links if one.startswith("/ui/asns/")
        ]
        read.append((await browser.read(link)).text)
        assert "in dispute" in (await browser.read("/ui/asns")).text or asn == "ended"
    return read[0], read[1]


async def test_both_parties_see_theirs_and_not_whose_the_other_is(world: World) -> None:
    await asn_disputed(world)
    holder, claimant = await pages(world, "open")
    assert "in dispute" in holder.partition("A dispute is open")[0]
    assert "A dispute is open" in holder
    assert "Days left to answer: 14." in holder
    assert "all that is announced stays" in holder
    assert "another account had done so before" in claimant
    for mine, other in ((holder, world.other_account_id), (claimant, world.account_id)):
        assert other.hex not in mine


async def test_it_waits_for_a_person_on_the_first_page(world: World) -> None:
    page = await asn_disputed(world)
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    first = await viewer.read(NOC)
    assert "Disputes 1" in first.text
    assert "AS3356" in first.text
    assert page in first.links
    shown = await viewer.read(page)
    assert not any(one.action.endswith("/decide") for one in shown.forms)
    assert "for neither: ask both" in shown.text
    assert "It carries it." in shown.text
    assert "an operator's word" in shown.text
    for account in (world.account_id, world.other_account_id):
        assert account.hex in shown.text


@pytest.mark.parametrize(("side", "early"), [("holder", ""), ("claimant", "yes")])
async def test_it_is_decided_with_a_reason_that_both_read(
    world: World, operator: Operator, side: str, early: str
) -> None:
    page = await asn_disputed(world)
    nora = await signed_in(world, Role.OPERATOR, name="Nora")
    answer = await nora.send(form_for(await nora.read(page), side))
    assert answer.status_code == 422  # no reason
    if early:
        form = form_for(await nora.read(page), side)
        answer = await nora.send(form, reason="Papers seen.", confirm=form.typed)
        assert answer.status_code == 409
        assert "say `early`" in Reading(answer.text).text
    form = form_for(await nora.read(page), side)
    given = {"reason": "Papers seen.", "confirm": form.typed, **({"early": early} if early else {})}
    answer = await nora.send(form, **given)
    assert answer.status_code == 303, answer.text
    shown = await nora.read(answer.headers["location"])
    assert f"ended: {side}" in shown.text
    assert not [one for one in shown.forms if one.action.endswith("/decide")]
    loser = (await pages(world, "ended"))[side == "holder"]
    assert "A dispute about it has ended." in loser
    assert "Papers seen." in loser
    found = await operator.result("GET", "/events?per_page=1000")
    [decided] = [one for one in found if one["kind"] == "asn_dispute.decided"]
    assert (decided["reason"], decided["after"]["for"]) == ("Papers seen.", side)


async def test_what_has_changed_since_the_page_was_drawn_is_not_decided(world: World) -> None:
    page = await asn_disputed(world)
    nora = await signed_in(world, Role.OPERATOR)
    form = form_for(await nora.read(page), "holder")
    owner = await signed_in(world, Role.EDITOR, account_id=world.other_account_id)
    [link] = [one for one in (await owner.read("/ui/asns")).links if one.startswith("/ui/asns/")]
    answer = await owner.send(await owner.form(link, "/token"))
    assert answer.status_code == 303
    [listed] = await world.backend.own_asns.disputes.listed()
    async with world.store.transaction(actor=BY) as tx:
        await approve(tx, listed.holder.own.id, terms=world.backend.asn_terms, reason="Papers.")
    answer = await nora.send(form, reason="Papers seen.", confirm=form.typed)
    assert answer.status_code == 412
    assert "older than what it shows" in Reading(answer.text).text
    world.clock.advance(timedelta(days=14))
    later = await (await signed_in(world, Role.OPERATOR)).read(page)
    assert "The 14 days to answer are over." in later.text


@pytest.mark.parametrize("side", ["holder", "claimant"])
async def test_no_new_token_of_the_claimant_keeps_a_person_from_deciding(
    world: World, side: str
) -> None:
    page = await asn_disputed(world)
    nora = await signed_in(world, Role.OPERATOR)
    form = form_for(await nora.read(page), side)
    owner = await signed_in(world, Role.EDITOR, account_id=world.other_account_id)
    [link] = [one for one in (await owner.read("/ui/asns")).links if one.startswith("/ui/asns/")]
    assert (await owner.send(await owner.form(link, "/token"))).status_code == 303
    answer = await nora.send(form, reason="Papers seen.", confirm=form.typed, early="yes")
    assert answer.status_code == 303
