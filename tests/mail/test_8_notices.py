"""Mail 8: what stands in no feed is told as well: webhooks that are disabled, tokens that end."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.credential import CUSTOMER_SCOPES, OPERATOR_SCOPES, Credential
from byoip.domain.claims.claim import Claim
from byoip.domain.hooks.webhook import Webhook
from byoip.domain.mail.topics import Topic
from byoip.store.mail.sending import prune
from byoip.usecases.claims.close_unproven import CloseUnproven
from byoip.usecases.hooks import webhooks
from byoip.usecases.mail import addresses
from tests.accounts import Accounts
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import Receiver, answering, receiver
from tests.mail.mailed import ROOT, Mailed
from tests.mail.servers import Got, MailServer, saying
from tests.mail.test_5_rows import overdue
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import WORKER

DESCRIBED = "prefix.described"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
async def hooked(engine: AsyncEngine, tmp_path: Path, mailed: Mailed) -> Hooked:
    """Webhooks of the same account, by the same clock."""
    made = Hooked(engine, tmp_path)
    made.account_id, made.clock, made.store = mailed.account_id, mailed.clock, mailed.store
    return made


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


async def gone(hooked: Hooked, claim: Claim, there: Receiver, hook: Webhook) -> None:
    """It answers 410; then it would take what it gets."""
    there.answer = answering(410)
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    assert (await hooked.read(hook)).because == "gone"
    there.answer = answering(204)


async def told(mailed: Mailed, server: MailServer) -> list[Got]:
    await mailed.told()
    got = list(server.got)
    server.got.clear()
    return got


async def test_3_1_who_listens_is_told_once_that_a_webhook_is_gone(
    mailed: Mailed, hooked: Hooked, claim: Claim, server: MailServer, there: Receiver
) -> None:
    await mailed.verified(server)
    await mailed.verified(server, "ends@example.net", Topic.ENDING)
    await mailed.verified(server, "other@example.net", Topic.RPKI)
    await mailed.address("pending@example.net")
    await mailed.send()
    server.got.clear()
    hook = await hooked.active(there)
    await gone(hooked, claim, there, hook)
    await mailed.send()
    assert server.got == [], "what comes within five minutes is one mail"
    got = await told(mailed, server)
    assert {one.to for one in got} == {"noc@example.net", "ends@example.net"}
    assert {one.message["Subject"] for one in got} == {"The Operator: webhook.disabled"}
    assert f"webhook {hook.id.hex}  webhook.disabled" in got[0].text
    assert "Its receiver answered 410." in got[0].text
    assert f"{ROOT}/ui/webhooks/{hook.id.hex}" in got[0].text
    assert there.url not in got[0].text, "no text of a customer's"
    mailed.clock.advance(2 * DAY)
    assert await told(mailed, server) == []
    await hooked.change(hook, enabled=True)
    await hooked.send()
    await gone(hooked, claim, there, hook)
    assert len(await told(mailed, server)) == 2, "another disabling"


async def test_3_1_a_webhook_that_took_no_attempt_is_told_of(
    mailed: Mailed, hooked: Hooked, claim: Claim, server: MailServer, there: Receiver
) -> None:
    await mailed.verified(server)
    hook = await hooked.active(there)
    there.answer = answering(500)
    await hooked.happen(claim, DESCRIBED)
    for _ in range(9):
        await hooked.send()
        assert await told(mailed, server) == []
        hooked.clock.advance(DAY)
    await hooked.send()
    assert (await hooked.read(hook)).because == "failing"
    [got] = await told(mailed, server)
    assert "took none of ten attempts" in got.text


async def test_3_1_a_webhook_that_the_operator_disables_is_told_of_without_a_reason(
    mailed: Mailed, hooked: Hooked, server: MailServer, there: Receiver
) -> None:
    await mailed.verified(server)
    hook = await hooked.active(there)
    stop = Verb(hooked.store, webhooks.stop)
    await stop(hook.id, reason="It floods a third party.", by=BY)
    [got] = await told(mailed, server)
    assert "The operator has disabled it." in got.text
    assert "floods" not in got.text
    await stop(hook.id, reason="It still does.", by=BY)
    assert await told(mailed, server) == []


async def test_3_1_of_what_a_customer_does_nothing_is_told(
    mailed: Mailed, hooked: Hooked, server: MailServer, there: Receiver
) -> None:
    await mailed.verified(server)
    hook = await hooked.active(there)
    await hooked.change(hook, enabled=False)
    assert await told(mailed, server) == []


async def test_3_1_a_notice_that_is_not_taken_is_the_same_mail_again(
    mailed: Mailed, hooked: Hooked, claim: Claim, server: MailServer, there: Receiver
) -> None:
    await mailed.verified(server)
    hook = await hooked.active(there)
    await gone(hooked, claim, there, hook)
    server.faults["."] = saying(b"451 4.3.0 later\r\n")  # it has taken it, and does not say so
    [first] = await told(mailed, server)
    await hooked.change(hook, enabled=True)
    await hooked.send()
    await gone(hooked, claim, there, hook)
    server.faults.clear()
    again, new = await told(mailed, server), await told(mailed, server)
    assert [one.message["Message-ID"] for one in again] == [first.message["Message-ID"]]
    assert again[0].text == first.text
    [one] = new
    assert one.message["Message-ID"] != first.message["Message-ID"]
    assert await told(mailed, server) == []


async def test_3_1_many_are_one_message_and_events_have_their_own(
    mailed: Mailed, hooked: Hooked, claim: Claim, server: MailServer, there: Receiver
) -> None:
    await mailed.verified(server)
    hooks = [await hooked.active(there) for _ in range(3)]
    there.answer = answering(410)
    await hooked.happen(claim, "rpki.drifted")
    await hooked.send()
    assert {(await hooked.read(one)).because for one in hooks} == {"gone"}
    [got] = await told(mailed, server)
    assert got.message["Subject"] == "The Operator: webhook.disabled and 2 more"
    assert all(one.id.hex in got.text for one in hooks)
    [got] = await told(mailed, server)
    assert got.message["Subject"] == f"{claim.prefix}: rpki.drifted"


async def test_3_1_what_waits_for_an_address_goes_with_it(
    mailed: Mailed, hooked: Hooked, claim: Claim, server: MailServer, there: Receiver
) -> None:
    one = await mailed.verified(server)
    other = await mailed.verified(server, "other@example.net")
    hook = await hooked.active(there)
    await gone(hooked, claim, there, hook)
    await mailed.do(addresses.remove, one)
    await mailed.do(addresses.change, other, topics=[Topic.RPKI])
    assert await told(mailed, server) == []
    mailed.clock.advance(31 * DAY)
    assert await prune(mailed.engine, mailed.clock.now()) == 1


async def test_3_1_a_notice_that_no_worker_sends_is_overdue(
    mailed: Mailed, hooked: Hooked, claim: Claim, server: MailServer, there: Receiver
) -> None:
    mailed.clock.advance(-timedelta(hours=1))
    one = await mailed.verified(server)
    hook = await hooked.active(there)
    await gone(hooked, claim, there, hook)
    async with mailed.store.transaction(actor=BY) as tx:  # of the feed nothing is owed
        await tx.connection.exec_driver_sql(
            f"UPDATE mail_addresses SET cursor = {await mailed.newest()} WHERE id = '{one.id}'"  # noqa: S608 - numbers
        )
    assert await overdue(mailed) == 1
    assert len(await told(mailed, server)) == 1
    assert await overdue(mailed) == 0


async def token(mailed: Mailed, days: float, account_id: UUID | None = None) -> Credential:
    """An API token that holds so long."""
    now = mailed.clock.now()
    scopes = CUSTOMER_SCOPES if account_id else OPERATOR_SCOPES
    made = Credential(uuid4(), account_id, "ci", scopes, now, now + days * DAY)
    await Accounts(mailed.store).add_credential(made, uuid4().hex)
    return made


async def heard(mailed: Mailed, server: MailServer, made: Credential, days: float) -> list[Got]:
    """What is told at that time after the token was made, by a job that runs twice."""
    mailed.clock.advance(made.created_at + days * DAY + SECOND - mailed.clock.now())
    for _ in range(2):
        await CloseUnproven(mailed.store, mailed.clock)(by=WORKER)
    return await told(mailed, server)


async def test_3_2_an_api_token_is_told_of_a_week_and_a_day_before_it_ends(
    mailed: Mailed, server: MailServer
) -> None:
    await mailed.verified(server)
    await mailed.verified(server, "other@example.net", Topic.RPKI)
    made = await token(mailed, 30, mailed.account_id)
    heard_at = [await heard(mailed, server, made, days) for days in (22.9, 23, 25, 29, 29.5, 30)]
    assert [len(one) for one in heard_at] == [0, 1, 0, 1, 0, 0]
    [got] = heard_at[1]
    assert got.to == "noc@example.net"
    assert got.message["Subject"] == "The Operator: credential.expiring"
    assert f"API token {made.id.hex}  credential.expiring" in got.text
    assert made.expires_at is not None
    assert f"expires_at {made.expires_at.isoformat()}" in got.text
    assert f"{ROOT}/ui/tokens" in got.text


async def test_3_2_one_that_holds_for_a_week_is_told_of_a_day_before(
    mailed: Mailed, server: MailServer
) -> None:
    await mailed.verified(server)
    made = await token(mailed, 7, mailed.account_id)
    assert [len(await heard(mailed, server, made, days)) for days in (0.1, 5, 6.1)] == [0, 0, 1]


async def test_3_2_of_revoked_tokens_and_the_operators_nothing_is_told(
    mailed: Mailed, server: MailServer
) -> None:
    await mailed.verified(server)
    made = await token(mailed, 30, mailed.account_id)
    await token(mailed, 30)
    await Accounts(mailed.store).revoke(made.id)
    assert [await heard(mailed, server, made, days) for days in (23, 29)] == [[], []]


async def test_3_2_tokens_are_told_of_in_pages_each_once(
    mailed: Mailed, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("byoip.usecases.claims.close_unproven.BATCH_LIMIT", 2)
    await mailed.verified(server)
    made = [await token(mailed, 30, mailed.account_id) for _ in range(3)]
    [got] = await heard(mailed, server, made[0], 23)
    assert got.message["Subject"] == "The Operator: credential.expiring and 2 more"
    assert all(one.id.hex in got.text for one in made)


async def test_3_1_what_happened_while_an_address_was_parked_is_not_told(
    mailed: Mailed, hooked: Hooked, claim: Claim, server: MailServer, there: Receiver
) -> None:
    one = await mailed.verified(server)
    hook = await hooked.active(there)
    await gone(hooked, claim, there, hook)
    server.faults["RCPT"] = saying(b"550 5.1.1 no such user\r\n")
    assert await told(mailed, server) == []
    assert (await mailed.read(one)).state == "parked"
    server.faults.clear()
    mailed.clock.advance(DAY)
    await mailed.do(addresses.ask_for_code, one, offered=True)
    await mailed.send()
    await mailed.do(addresses.verify, one, code=server.got.pop().code)
    assert await told(mailed, server) == []
