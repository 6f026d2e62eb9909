"""Page, 4: operators read names and sentences, and what has changed since they looked."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.people import Role
from byoip.store.speakers.routes import Alarm
from tests.api.operators import WHY, Operator
from tests.api.world import World
from tests.web.browser import Reading, signed_in
from tests.web.held_back import BREAKER, LEVELS, tripped
from tests.web.test_2_2_own_tokens import made as made_token
from tests.web.test_4_1_old_pages import held
from tests.web.test_4_accounts import CREDENTIALS
from tests.web.test_4_data import SPACE
from tests.web.test_4_noc import NOC, acting, raised

RECOVERED = """
    UPDATE level_rises SET state = 'recovered', settled_at = :now
    WHERE prefix_id = (SELECT id FROM prefixes WHERE cidr = '31.0.0.0/23')
"""


async def named(operator: Operator, world: World, name: str) -> None:
    """Call the world's account so."""
    path = f"/accounts/{world.account_id.hex}"
    await operator.result("PATCH", path, json={"name": name, "reason": WHY})


async def test_4_accounts_are_read_by_their_names(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    await named(operator, world, "Acme Hosting")
    made = await world.prefix("31.0.0.0/23")
    await operator.act(f"/prefixes/{made['id']}/suspend")
    account = world.account_id.hex
    kept = {"cidr": "31.26.0.0/16", "account_id": account, "reason": WHY}
    await operator.result("POST", "/reservations", json=kept)
    of_account = await tripped(world, engine, "account", account)
    of_all = await tripped(world, engine)
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    pages = (
        (NOC, "of Acme Hosting."),
        (NOC, "account Acme Hosting"),
        (f"{NOC}/prefixes", "Acme Hosting"),
        (f"{SPACE}?cidr=31.0.0.0/16", "suspended Acme Hosting"),
        (SPACE, "31.26.0.0/16 Acme Hosting"),
        (f"{BREAKER}/{of_all.hex}", "account Acme Hosting"),
        (f"{BREAKER}/{of_account.hex}", "withdrawals of Acme Hosting"),
    )
    for page, says in pages:
        shown = (await browser.read(page)).text
        assert says in shown, (page, shown)
        assert account not in shown, page


async def test_4_what_waits_is_listed_before_it_is_told(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    await operator.act("/jobs/close_unproven/stop")
    await raised(world, engine, Alarm("lost", "31.0.0.0/24", "Seen by no listener."))
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    page = (await browser.get(NOC)).text
    shown = Reading(page)
    assert "Alarm: lost 1 Jobs 1 Alarm: lost 1" in shown.text
    to = [one for one in shown.links if one.startswith("#of-")]
    assert to == ["#of-lost", "#of-jobs"]
    assert all(f'<section id="{one[1:]}">' in page for one in to)


async def test_4_history_says_what_was_done_of_what_and_why(
    world: World, operator: Operator
) -> None:
    await named(operator, world, "Acme Hosting")
    await operator.result("PUT", "/edge/edges/ams1", json={"drained": False, "reason": "Racked."})
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    shown = (await browser.read(f"{NOC}/history")).text
    assert "Name or quota of an account were changed. account.updated name Acme Hosting" in shown
    assert "edge.registered edge ams1 Racked." in shown


@pytest.mark.parametrize(
    ("below", "given"),
    [
        ("/reserved", {"cidr": "not a range", "account": "a" * 32}),
        ("/registries", {"cidr": "not a range", "registry": "ripencc"}),
    ],
    ids=["reserved", "registries"],
)
async def test_4_what_was_typed_about_space_stays_after_a_refusal(
    world: World, below: str, given: dict[str, str]
) -> None:
    browser = await signed_in(world, Role.OPERATOR)
    given = {**given, "reason": "For a customer."}
    answer = await browser.send(await browser.form(SPACE, below), **given)
    assert answer.status_code == 422
    forms = Reading(answer.text).forms
    [again] = [one for one in forms if one.action.endswith(below)]
    assert {name: again.fields[name] for name in given} == given
    assert below == "/reserved" or '<option value="ripencc" selected>' in answer.text
    [other] = [one for one in forms if one.action.startswith(f"{SPACE}/") and one is not again]
    assert (other.fields["cidr"], other.fields["reason"]) == ("", "")


async def test_4_a_token_that_a_customer_makes_makes_no_form_of_operators_old(
    world: World,
) -> None:
    browser, customer = await signed_in(world, Role.OPERATOR), await signed_in(world, Role.ADMIN)
    forms = [await browser.form(CREDENTIALS, CREDENTIALS) for _ in range(2)]
    world.clock.advance(timedelta(seconds=1))
    await made_token(customer, name="theirs")
    filled = {"account": "operator", "reason": WHY}
    assert (await browser.send(forms[0], name="first", **filled)).status_code == 200
    assert (await browser.send(forms[1], name="second", **filled)).status_code == 412


async def test_4_an_old_form_of_what_waits_says_what_has_changed(
    world: World, engine: AsyncEngine, operator: Operator
) -> None:
    for cidr in ("31.0.0.0/23", "31.2.0.0/23"):
        await held(world, engine, cidr)
    await operator.act("/jobs/close_unproven/stop")
    browser = await signed_in(world, Role.OPERATOR)
    release, start = [await acting(browser, NOC, one) for one in ("release-levels", "start-job")]
    drop = await browser.form(LEVELS, "/drop")
    async with engine.begin() as connection:
        await connection.execute(sa.text(RECOVERED), {"now": world.clock.now()})
    await operator.act("/jobs/close_unproven/start")
    answer = await browser.send(release, confirm=release.typed, reason="One is fine.")
    assert answer.status_code == 412
    said = Reading(answer.text).text
    assert "Levels that are held, holder, ripencc was 2 rises of level" in said
    assert "is 1 rise of level" in said
    answer = await browser.send(start, reason="The test is over.")
    assert answer.status_code == 412
    assert "Jobs, close unproven was Stopped by" in Reading(answer.text).text
    assert "is not among these any more" in Reading(answer.text).text
    answer = await browser.send(drop, reason="The copy is at fault.")
    assert answer.status_code == 412
    assert "held was 2 , is 1" in Reading(answer.text).text


async def test_4_a_prefix_that_is_not_proven_says_so(world: World) -> None:
    made = await world.prefix("31.0.0.0/23")
    browser = await signed_in(world, Role.OPERATOR_VIEWER)
    assert "proof none yet" in (await browser.read(f"{NOC}/prefixes/{made['id']}")).text
