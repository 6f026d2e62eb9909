"""Page, 4: accounts with their people, and credentials, each ended with a reason."""

from datetime import timedelta

from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.people import Role
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.web.browser import Browser, Form, Reading, link_for, signed_in
from tests.web.test_2_2_own_tokens import asked, made

ACCOUNTS, CREDENTIALS = "/ui/noc/accounts", "/ui/noc/credentials"


async def ending(browser: Browser, page: str, name: str) -> Form:
    """The form that ends the credential of this name."""
    shown = await browser.get(page)
    [row] = [one for one in shown.text.split("<tr>") if f'scope="row">{name}' in one]
    return Reading(row).forms[0]  # behind the last row others follow


async def test_4_an_account_is_renamed_and_an_old_page_renames_nothing(
    world: World, operator: Operator
) -> None:
    await world.prefix("31.30.0.0/23")
    page = f"{ACCOUNTS}/{world.account_id.hex}"
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    assert page in (await browser.read(ACCOUNTS)).links
    shown = await browser.read(page)
    assert "prefixes 1 of" in shown.text
    assert "31.30.0.0/23" in shown.text
    form = await browser.form(page, page)
    answer = await browser.send(form, name="Renamed AG", quota="7", reason="They were bought.")
    assert answer.headers["location"] == f"{page}?done=changed"
    told = await operator.result("GET", f"/accounts/{world.account_id.hex}")
    assert (told["name"], told["prefix_quota"]) == ("Renamed AG", 7)
    event = await operator.last_event()
    assert (event["kind"], event["reason"]) == ("account.updated", "They were bought.")

    double = await browser.send(form, name="Renamed AG", quota="7", reason="They were bought.")
    assert double.headers["location"] == f"{page}?done=changed"
    assert (await operator.last_event())["number"] == event["number"]
    old = await browser.send(form, key="0" * 32, name="Old AG", quota="9", reason=WHY)
    assert old.status_code == 412
    assert "Nothing was done." in Reading(old.text).text
    for odd in ({"name": ""}, {"reason": " "}):
        form = await browser.form(page, page)
        answer = await browser.send(form, **{"name": "X", "reason": WHY, **odd})
        assert answer.status_code == 422, odd
    told = await operator.result("GET", f"/accounts/{world.account_id.hex}")
    assert told["name"] == "Renamed AG"


async def test_4_the_tokens_of_an_account_are_seen_and_revoked_with_a_reason(
    world: World, operator: Operator
) -> None:
    bob, page = await signed_in(world, name="Bob"), f"{ACCOUNTS}/{world.account_id.hex}"
    token = await made(bob, name="deploys")
    assert (await asked(world, token)).status_code == 200
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    shown = await browser.read(page)
    assert "deploys of Bob" in shown.text
    assert "it was used at" in shown.text
    assert "Bob admin" in shown.text
    form = await ending(browser, page, "deploys")
    assert (await browser.send(form)).status_code == 422  # no reason
    assert (await asked(world, token)).status_code == 200
    form = await ending(browser, page, "deploys")
    answer = await browser.send(form, reason="Leaked in a log.")
    assert answer.headers["location"] == f"{page}?done=ended"
    assert (await asked(world, token)).status_code == 401
    event = await operator.last_event()
    assert (event["kind"], event["reason"]) == ("credential.revoked", "Leaked in a log.")
    double = await browser.send(form, reason="Leaked in a log.")
    assert double.headers["location"] == f"{page}?done=ended"
    again = await browser.send(form, key="1" * 32, reason="Again.")
    assert again.status_code == 412
    assert (await operator.last_event())["number"] == event["number"]
    assert "deploys" not in (await browser.read(page)).text


async def test_4_a_token_is_issued_and_shown_once(world: World, operator: Operator) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    of = f"{CREDENTIALS}?account={world.account_id.hex}"
    form = await browser.form(of, CREDENTIALS)
    assert form.fields["account"] == world.account_id.hex
    filled = {"name": "billing", "may-prefixes_read": "yes", "days": "30", "reason": WHY}
    answer = await browser.send(form, **filled)
    [token] = [one for one in Reading(answer.text).text.split() if one.startswith("byoip_")]
    assert (await asked(world, token)).status_code == 200
    assert (await asked(world, token, "POST")).status_code == 403
    again = await browser.send(form, **filled)
    assert again.headers["location"] == f"{of}&done=shown"
    assert token not in (await browser.get(again.headers["location"])).text
    [kept] = [
        one
        for one in await operator.result("GET", f"/credentials?account_id={world.account_id.hex}")
        if one["name"] == "billing"
    ]
    assert kept["scopes"] == ["prefixes:read"]
    world.clock.advance(timedelta(days=31))
    browser = await signed_in(world, Role.OPERATOR)
    assert "billing" not in (await browser.read(of)).text
    assert "billing" in (await browser.read(f"{of}&ended=1")).text
    for odd, status in (
        ({"account": ""}, 422),
        ({"account": "x"}, 404),
        ({"account": "0" * 32}, 404),
        ({"may-operator": "yes"}, 422),
        ({"days": "7"}, 422),
        ({"reason": ""}, 422),
    ):
        form = await browser.form(of, CREDENTIALS)
        answer = await browser.send(form, **{"name": "odd", "reason": WHY, **odd})
        assert answer.status_code == status, (odd, answer.text)


async def test_4_a_person_is_removed_by_their_way_in_with_all_their_tokens(
    world: World, operator: Operator
) -> None:
    _, code = await link_for(world, name="Mallory")
    mallory = Browser(world.client)
    await mallory.enter(code)
    token = await made(mallory, name="theirs")
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    shown = (await browser.read(CREDENTIALS)).text
    assert "Mallory is removed, and out at the next request; 1 token of theirs ends" in shown
    form = await ending(browser, CREDENTIALS, "Mallory")
    answer = await browser.send(form, reason="Left the company.")
    assert answer.headers["location"] == f"{CREDENTIALS}?done=ended"
    assert (await asked(world, token)).status_code == 401
    assert (await mallory.get("/ui/prefixes")).headers["location"] == "/ui/enter"
    assert (await operator.last_event())["kind"] == "person.removed"


async def test_4_the_last_operator_is_not_removed_by_their_way_in(world: World) -> None:
    browser = await signed_in(world, Role.OPERATOR, name="Nora")
    page = f"{CREDENTIALS}?account=operator"
    answer = await browser.send(await ending(browser, page, "Nora"), reason=WHY)
    assert answer.status_code == 409
    assert "last person with the role operator" in Reading(answer.text).text
    assert (await browser.get("/ui/noc")).status_code == 200


async def test_4_credentials_are_listed_a_page_at_a_time_and_by_whose_they_are(
    world: World,
) -> None:
    for _ in range(60):
        await world.credential(world.other_account_id)
        world.clock.advance(timedelta(seconds=1))
    await world.credential(None, {Scope.EDGE_READ})
    browser = await signed_in(world, Role.OPERATOR_VIEWER, name="Vera")
    first = await browser.get(f"{CREDENTIALS}?account={world.other_account_id.hex}")
    assert len(first.content) < 100_000
    assert first.text.count('scope="row"') == 40
    [older] = [one for one in Reading(first.text).links if "before=" in one]
    second = await browser.get(older.replace("&amp;", "&"))
    assert second.text.count('scope="row"') >= 20
    assert "Older" not in second.text
    operators = (await browser.read(f"{CREDENTIALS}?account=operator")).text
    assert "Vera" in operators
    assert "edge:read" in operators
    assert (await browser.get(f"{CREDENTIALS}?account={'0' * 32}")).status_code == 404
    assert (await browser.get(f"{CREDENTIALS}?account=<b>")).status_code == 404


async def test_4_who_only_looks_ends_nothing_and_customers_see_none_of_it(world: World) -> None:
    page = f"{ACCOUNTS}/{world.account_id.hex}"
    nora, viewer = (
        await signed_in(world, Role.OPERATOR),
        await signed_in(world, Role.OPERATOR_VIEWER),
    )
    customer = await signed_in(world)
    for path in (page, CREDENTIALS):
        assert (await customer.get(path)).status_code == 404
        assert [one.action for one in (await viewer.read(path)).forms] == ["/ui/leave"]
        for form in (await nora.read(path)).forms[1:]:
            for who in (customer, viewer):
                assert (await who.send(form, reason="No.", name="x")).status_code == 403
    assert (await nora.get(f"{ACCOUNTS}/{'0' * 32}")).status_code == 404


async def test_4_a_quota_used_up_leads_to_its_account(world: World, operator: Operator) -> None:
    account = f"/accounts/{world.account_id.hex}"
    await operator.result("PATCH", account, json={"prefix_quota": 0, "reason": "closed"})
    browser = await signed_in(world, Role.OPERATOR)
    page = f"{ACCOUNTS}/{world.account_id.hex}"
    assert page in (await browser.read("/ui/noc")).links
    assert "quota used up" in (await browser.read(page)).text
    await browser.send(await browser.form(page, page), quota="5", reason="They paid.")
    assert page not in (await browser.read("/ui/noc")).links
