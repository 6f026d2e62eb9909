"""Page, 4: a prefix that is contested though its space is nobody's: only an approval ends that."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from byoip.domain.accounts.people import Role
from byoip.domain.checks.evidence import CheckState
from byoip.domain.claims.claim import CheckRecord
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.watch.levels import Signal
from tests.api.operators import Operator
from tests.api.world import World
from tests.web.browser import signed_in
from tests.web.test_4_noc import NOC, acting

CIDR = "47.8.0.0/23"
SAID = "it was left after a change of holder. Approve it"
SETTLED = "until its next proof"
LOST = "This account itself had space of it"


async def contested(world: World, claim_id: str) -> None:
    """And it has proven the space."""
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(claim_id))
        proven = CheckRecord(CheckState.VALID, datetime.now(UTC))
        await tx.claims.save(replace(claim, standing=Standing.CONTESTED, ownership=proven))


async def frozen_as_sold(world: World, claim_id: str) -> None:
    async with world.store.transaction() as tx:
        claim = await tx.claims.lock(UUID(claim_id))
        await tx.claims.save(replace(claim, frozen_for=frozenset({Signal.HOLDER})))


async def test_4_it_names_the_approval_where_no_other_and_no_reservation_has_the_space(
    world: World, operator: Operator
) -> None:
    made = await world.prefix(CIDR)
    browser, page = await signed_in(world, Role.OPERATOR), f"{NOC}/prefixes/{made['id']}"

    async def says() -> bool:
        text = (await browser.read(page)).text
        assert (SAID in text) == (SETTLED in text)
        return SAID in text

    asked = world.url("/prefixes", world.other_account_id)
    headers = {"authorization": f"Bearer {world.other_token}"}
    answer = await world.client.post(asked, headers=headers, json={"cidr": CIDR, "asn": 64500})
    assert answer.is_success, answer.text
    other = answer.json()["result"]["id"]
    await contested(world, made["id"])
    assert not await says(), "a claim that was never approved has left nothing"
    await operator.act(f"/prefixes/{other}/approve")
    await frozen_as_sold(world, other)
    assert not await says()
    await operator.act(f"/prefixes/{other}/revoke")
    await contested(world, made["id"])
    assert await says()
    acts = [one.action.rpartition("/")[2] for one in (await browser.read(page)).forms]
    assert acts.index("approve") < acts.index("settle")

    kept = await operator.act("/reservations", cidr=CIDR)
    assert not await says()
    await operator.act(f"/reservations/{kept['id']}/release")
    assert await says()

    await browser.send(await acting(browser, page, "approve"), reason="It showed the contract.")
    now = await operator.result("GET", f"/prefixes/{made['id']}")
    assert (now["approved"], now["standing"]) == ("V", "ok")
    assert not await says()


async def test_4_who_lost_the_space_itself_is_told_from_who_may_have_bought_it(
    world: World, operator: Operator
) -> None:
    made = await world.prefix(CIDR)
    browser, page = await signed_in(world, Role.OPERATOR), f"{NOC}/prefixes/{made['id']}"
    await operator.act(f"/prefixes/{made['id']}/approve")
    await frozen_as_sold(world, made["id"])
    assert LOST not in (await browser.read(page)).text
    await operator.act(f"/prefixes/{made['id']}/revoke")
    await contested(world, made["id"])
    text = (await browser.read(page)).text
    assert LOST in text
    assert SETTLED in text
    assert SAID not in text
