"""Time 1.5 on pages: both parties see their dispute; an operator decides by both evidences."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from byoip.domain.accounts.people import Role
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.history import Actor
from byoip.domain.watch.levels import Signal
from byoip.domain.watch.watch import Watch
from byoip.usecases.watch.disputes import open_disputes
from tests.api.bound import bound
from tests.api.operators import Operator
from tests.api.world import World
from tests.store import samples
from tests.web.browser import Browser, Form, Reading, signed_in

NOC = "/ui/noc"
BY = Actor("worker", "test")
SEEN = "It was seller at ripencc, and is buyer at ripencc."


async def disputed(world: World) -> tuple[str, str, str]:
    """The ids of the holder's prefix and of the claimant's, and the path of the dispute's page."""
    path, cidr, _ = await bound(world)
    held = path[-32:]
    now = world.clock.now()
    rival = samples.claim(world.other_account_id, cidr)
    async with world.store.transaction(actor=BY) as tx:
        holder = await tx.claims.lock(UUID(held))
        sale = Watch(Signal.HOLDER).bad(now - timedelta(days=2), SEEN).bad(now, SEEN)
        await tx.watches.put(holder.id, sale)
        await tx.claims.add(rival)
        await open_disputes(tx, rival, [holder])
    (only,) = await world.backend.reader.disputes.listed()
    return held, rival.id.hex, f"{NOC}/disputes/{only.dispute.id.hex}"


async def changed(world: World, prefix_id: str, **members: Any) -> None:
    """Make one's prefix so."""
    async with world.store.transaction(actor=BY) as tx:
        claim = await tx.claims.lock(UUID(prefix_id))
        await tx.claims.save(replace(claim, **members))


def form_for(shown: Reading, side: str) -> Form:
    [found] = [one for one in shown.forms if one.fields.get("for") == side]
    return found


async def test_both_parties_see_theirs_and_not_whose_the_other_is(world: World) -> None:
    held, claimed, _ = await disputed(world)
    holder = (await (await signed_in(world, Role.VIEWER)).read(f"/ui/prefixes/{held}")).text
    assert "A dispute is open" in holder
    assert "Days left to answer: 14." in holder
    assert "routes and bindings stay" in holder
    theirs = await signed_in(world, Role.VIEWER, account_id=world.other_account_id)
    claimant = (await theirs.read(f"/ui/prefixes/{claimed}")).text
    assert "which you have proven" in claimant
    assert "the prefix is not approved" in claimant
    for mine, other in ((holder, world.other_account_id), (claimant, world.account_id)):
        assert other.hex not in mine
    world.clock.advance(timedelta(days=14))
    later = await (await signed_in(world)).read(f"/ui/prefixes/{held}")
    assert "The 14 days to answer are over." in later.text


async def test_it_waits_for_a_person_on_the_first_page_and_on_the_prefixs(world: World) -> None:
    held, claimed, page = await disputed(world)
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    first = await viewer.read(NOC)
    assert "Disputes 1" in first.text
    assert "Days left to answer: 14." in first.text
    assert page in first.links
    for one in (held, claimed):
        assert page in (await viewer.read(f"{NOC}/prefixes/{one}")).links
    shown = await viewer.read(page)
    assert not any(one.action.endswith("/decide") for one in shown.forms)
    assert f"For the claimant: the statistics name another holder. {SEEN}" in shown.text
    assert "for neither: ask both" in shown.text
    for account in (world.account_id, world.other_account_id):
        assert account.hex in shown.text


@pytest.mark.parametrize(("side", "early"), [("holder", ""), ("claimant", "yes")])
async def test_it_is_decided_with_a_reason_that_both_read(
    world: World, operator: Operator, side: str, early: str
) -> None:
    held, claimed, page = await disputed(world)
    nora = await signed_in(world, Role.OPERATOR, name="Nora")
    form = form_for(await nora.read(page), side)
    answer = await nora.send(form)
    assert answer.status_code == 422  # no reason, and it was not typed whose
    if early:
        form = form_for(await nora.read(page), side)
        answer = await nora.send(form, reason="Papers seen.", confirm=form.typed)
        assert answer.status_code == 409  # its 14 days are not over
        assert "Nothing was done." in Reading(answer.text).text
    form = form_for(await nora.read(page), side)
    answer = await nora.send(form, reason="Papers seen.", early=early, confirm=form.typed)
    assert answer.headers["location"] == f"{page}?done=decided", answer.text
    shown = await nora.read(f"{page}?done=decided")
    assert f"ended: {side}" in shown.text
    assert not any(one.action.endswith("/decide") for one in shown.forms)
    assert page not in (await nora.read(NOC)).links
    told = await operator.result("GET", f"/prefixes/{held}")
    assert told["standing"] == ("ok" if side == "holder" else "offboarding")
    for account, prefix_id in ((world.account_id, held), (world.other_account_id, claimed)):
        party = await signed_in(world, account_id=account)
        text = (await party.read(f"/ui/prefixes/{prefix_id}")).text
        assert "Reason: Papers seen." in text
        assert "A dispute is open" not in text
    again = await nora.send(
        form, reason="Papers seen.", early=early, confirm=form.typed
    )  # a double click
    assert again.headers["location"] == f"{page}?done=decided"


async def test_an_old_page_decides_nothing_once_a_party_has_changed(world: World) -> None:
    held, claimed, page = await disputed(world)
    nora = await signed_in(world, Role.OPERATOR)
    lost = CheckRecord(CheckState.INVALID)
    for one, members in ((held, {"standing": Standing.CONTESTED}), (claimed, {"irr": lost})):
        form = form_for(await nora.read(page), "claimant")
        await changed(world, one, **members)
        answer = await nora.send(form, reason="Papers seen.", early="yes", confirm=form.typed)
        assert answer.status_code == 412
        assert "older than what it shows" in Reading(answer.text).text
    assert len((await world.result("GET", f"/prefixes/{held}/watch"))["disputes"]) == 1
    for seen in ("", "1.1", "x" * 30):
        answer = await nora.send(form, reason="Papers seen.", seen=seen, confirm=form.typed)
        assert answer.status_code == 412, seen


@pytest.mark.parametrize("side", ["holder", "claimant"])
async def test_no_write_of_a_party_keeps_a_person_from_deciding(world: World, side: str) -> None:
    held, claimed, page = await disputed(world)
    nora = await signed_in(world, Role.OPERATOR)
    form = form_for(await nora.read(page), side)
    for one in (held, claimed):
        await changed(world, one, version=7, modified_at=world.clock.now())
    answer = await nora.send(form, reason="Papers seen.", early="yes", confirm=form.typed)
    assert answer.status_code == 303


async def test_what_is_watched_of_the_holder_decides_too(world: World) -> None:
    held, _, page = await disputed(world)
    nora = await signed_in(world, Role.OPERATOR)
    form = form_for(await nora.read(page), "holder")
    async with world.store.transaction(actor=BY) as tx:
        now = world.clock.now()
        await tx.watches.put(UUID(held), Watch(Signal.ROUTE_OBJECT).bad(now, "It has gone."))
    assert (await nora.send(form, reason="Papers seen.")).status_code == 412


async def test_the_page_is_the_operators(world: World) -> None:
    _, _, page = await disputed(world)
    form = form_for(await (await signed_in(world, Role.OPERATOR)).read(page), "holder")
    strangers: list[Browser] = [
        await signed_in(world),
        await signed_in(world, account_id=world.other_account_id),
        await signed_in(world, Role.OPERATOR_VIEWER),
    ]
    for who in strangers[:2]:
        assert (await who.get(page)).status_code == 404
    for who in strangers:
        assert (await who.send(form, reason="No.")).status_code == 403
    assert (await strangers[2].get(f"{NOC}/disputes/{'0' * 32}")).status_code == 404
