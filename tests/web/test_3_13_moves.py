"""Time 1.6 on pages: one account offers a prefix, another sees what comes along, and takes it."""

from byoip.domain.accounts.people import Role
from tests.api.bound import bound
from tests.api.world import World, new_account
from tests.web.browser import Browser, Form, Reading, signed_in

MOVES = "/ui/moves"


async def offered(world: World, browser: Browser, to: str) -> tuple[str, str]:
    """A bound prefix that is offered: the paths of its pages, and its CIDR."""
    path, cidr, _ = await bound(world)
    form = await browser.form(f"/ui{path}/move", "/move")
    answer = await browser.send(form, account=f" {to} ")
    assert answer.headers["location"] == f"{MOVES}?done=offered", answer.text
    return f"/ui{path}", cidr


async def other_of(world: World, role: Role = Role.EDITOR) -> Browser:
    return await signed_in(world, role, account_id=world.other_account_id)


async def button(browser: Browser, what: str) -> Form:
    return await browser.form(MOVES, f"/{what}")


async def test_it_is_offered_seen_with_what_comes_along_and_accepted(world: World) -> None:
    owner, other = await signed_in(world, Role.EDITOR), await other_of(world)
    page, cidr = await offered(world, owner, world.other_account_id.hex)
    before = (await owner.read(f"{page}/move")).text
    assert f"offered to account {world.other_account_id.hex}" in before
    seen = await other.read(MOVES)
    assert cidr in seen.text
    for shown in (before, seen.text):
        assert "Bindings: 1. Routes: 1, announced: 0. Nothing is withdrawn." in shown
        assert "Delegations to others: 0" in shown
    assert page not in seen.links  # it is not theirs yet
    assert (await other.get(page)).status_code == 404
    form = await button(other, "accept")
    answer = await other.send(form)
    assert answer.headers["location"] == f"{page}?done=moved", answer.text
    assert "The prefix is yours now" in (await other.read(answer.headers["location"])).text
    assert (await owner.get(page)).status_code == 404
    assert cidr not in (await owner.read(MOVES)).text
    again = await other.send(form)  # a double click
    assert again.headers["location"] == f"{page}?done=moved"


async def test_it_is_declined_or_taken_back_and_stays(world: World) -> None:
    owner, other = await signed_in(world, Role.EDITOR), await other_of(world)
    for who in (owner, other):
        page, cidr = await offered(world, owner, world.other_account_id.hex)
        kept = await button(other, "accept")
        answer = await who.send(await button(who, "end"))
        assert answer.headers["location"] == f"{MOVES}?done=ended"
        assert cidr not in (await other.read(MOVES)).text
        assert (await other.send(kept)).status_code == 412
        assert (await owner.get(page)).status_code == 200


async def test_nobody_else_sees_it_and_who_only_looks_acts_on_nothing(world: World) -> None:
    owner, other = await signed_in(world, Role.EDITOR), await other_of(world)
    page, cidr = await offered(world, owner, world.other_account_id.hex)
    third = await signed_in(world, account_id=await new_account(world.backend))
    assert cidr not in (await third.read(MOVES)).text
    offering = await owner.form(f"{page}/move", "/move")
    forms = [await button(other, "accept"), await button(owner, "end")]
    for form in forms:
        assert (await third.send(form)).status_code == 412
    assert (await owner.send(forms[0])).status_code == 412  # not to itself
    viewers = await signed_in(world, Role.VIEWER), await other_of(world, Role.VIEWER)
    for viewer in viewers:
        assert cidr in (await viewer.read(MOVES)).text
        for form in (*forms, offering):
            assert (await viewer.send(form)).status_code == 403
    assert (await owner.get(page)).status_code == 200


async def test_what_is_refused_is_said_and_an_old_page_offers_nothing(world: World) -> None:
    owner = await signed_in(world, Role.EDITOR)
    path, _, _ = await bound(world)
    for wrong in ("x", "0" * 32, world.account_id.hex):
        form = await owner.form(f"/ui{path}/move", "/move")
        answer = await owner.send(form, account=wrong)
        assert answer.status_code in {404, 409, 422}, wrong
        assert "Nothing was done." in Reading(answer.text).text
    form = await owner.form(f"/ui{path}/move", "/move")
    await world.result("PATCH", path, json={"description": "changed"})
    assert (await owner.send(form, account=world.other_account_id.hex)).status_code == 412
    assert "You offer nothing." in (await owner.read(MOVES)).text


async def test_an_operator_moves_one_with_a_reason(world: World) -> None:
    path, cidr, _ = await bound(world)
    page, to = f"/ui/noc{path}", world.other_account_id.hex
    operator = await signed_in(world, Role.OPERATOR, name="Nora")

    async def form() -> Form:
        return await operator.form(page, "/move")

    for account, reason, name in (
        ("nobody", "Sold.", "move_recipient_not_found"),
        ("0" * 32, "Sold.", "move_recipient_not_found"),
        (world.account_id.hex, "Sold.", "move_to_owner"),
        (to, "", "invalid_text"),
    ):
        answer = await operator.send(await form(), account=account, reason=reason)
        assert (answer.status_code, name in answer.text) == (422, True), answer.text
    before = await form()
    answer = await operator.send(before, account=f" {to} ", reason="Sold with the company.")
    assert answer.headers["location"] == f"{page}?done=done", answer.text
    shown = (await operator.read(page)).text
    assert to in shown
    assert "Reason: Sold with the company." in shown
    assert cidr in (await (await other_of(world)).read("/ui/prefixes")).text
    stale = await operator.send(before, account=world.account_id.hex, reason="Back.", key="0" * 32)
    assert stale.status_code == 412, stale.text
    viewer = await signed_in(world, Role.OPERATOR_VIEWER)
    assert not any(one.action.endswith("/move") for one in (await viewer.read(page)).forms)
