"""`byoip webhooks` and `byoip operator webhooks` against a running API over loopback."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from byoip.cli.commands import app
from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential
from byoip.domain.history import Actor
from byoip_cli.faults import CommandFailed, Unusable
from tests.accounts import Accounts
from tests.cli.test_operator import WHY, Shell, shell
from tests.hooks.receivers import Got, Receiver, answering, receiver

__all__ = ["shell"]  # a fixture

URL = "https://hooks.example.net/byoip"


@pytest.fixture
async def customer(shell: Shell) -> Shell:
    """The same, with a customer's token."""
    token = token_hex(20)
    made = Credential(uuid4(), shell.account_id, "ci", CUSTOMER_SCOPES, datetime.now(UTC))
    await Accounts(shell.backend.border.store).add_credential(made, token)
    shell.environment["BYOIP_TOKEN"] = token
    return shell


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


async def run(shell: Shell, *words: str, **more: str) -> Result:
    environment = {**shell.environment, **more}
    return await asyncio.to_thread(CliRunner().invoke, app, [*words], env=environment)


async def says(shell: Shell, *words: str) -> str:
    result = await run(shell, "webhooks", *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


async def told(shell: Shell, *words: str) -> Any:
    return json.loads(await says(shell, "--json", *words))


async def test_a_webhook_is_made_shown_changed_and_ended(customer: Shell) -> None:
    made = await told(customer, "create", URL, "--kind", "rpki.drifted", "--kind", "prefix.closed")
    assert made["secret"].startswith("whsec_")
    one = made["id"]
    assert URL in await says(customer, "list")
    assert await told(customer, "list") == [await told(customer, "show", one)]
    changed = await told(customer, "update", one, "--disable", "--kind", "prefix.closed")
    assert (changed["state"], changed["kinds"]) == ("disabled", ["prefix.closed"])
    assert (await told(customer, "update", one, "--enable"))["state"] == "pending"
    assert (await told(customer, "test", one))["test_waiting"]
    assert await told(customer, "deliveries", one) == []
    assert (await told(customer, "replay", one, "--after", "0"))["cursor"] == 0
    assert (await told(customer, "secret", one))["secret"] != made["secret"]
    refused = await run(customer, "webhooks", "redeliver", one, "1")
    assert isinstance(refused.exception, CommandFailed)
    assert "webhook_not_active" in str(refused.exception)
    await says(customer, "delete", one)
    assert await told(customer, "list") == []


async def test_a_customer_needs_a_token(customer: Shell) -> None:
    without = await run(customer, "webhooks", "list", BYOIP_TOKEN="")
    assert isinstance(without.exception, Unusable)
    assert "BYOIP_TOKEN is required" in str(without.exception)


async def test_the_operator_lists_stops_and_starts(customer: Shell) -> None:
    one = (await told(customer, "create", URL))["id"]
    listed = await customer.says("webhooks", "list", "--account", customer.account_id.hex)
    assert one in listed
    assert "operator" in await customer.says("webhooks", "disable", one, *WHY)
    assert (await told(customer, "show", one))["disabled_because"] == "operator"
    await customer.says("webhooks", "enable", one, *WHY)
    assert (await told(customer, "show", one))["state"] == "pending"


async def test_listen_sends_what_a_webhook_would_signed_in_order_until_taken(
    customer: Shell, there: Receiver
) -> None:
    await customer.claim("31.0.0.0/23")
    newest = (await told(customer, "create", URL))["cursor"]
    await told(customer, "list")
    refused = asyncio.Event()

    async def refusing(got: Got, writer: asyncio.StreamWriter) -> None:
        if got.number:
            there.answer = answering(204)
            refused.set()
        await answering(500)(got, writer)

    there.answer = refusing
    words = (
        "webhooks",
        "listen",
        "--forward-to",
        there.url,
        "--after",
        "0",
        "--count",
        str(newest),
    )
    result = await run(customer, *words)
    assert refused.is_set()
    assert result.exit_code == 0, (result.output, result.exception)
    secret = next(
        word for word in result.output.split() + result.stderr.split() if word.startswith("whsec_")
    )
    for got in there.got:
        signed = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        made = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        assert got.headers["webhook-signature"].split()[0] == f"v1,{made}"
    assert there.got[0].shown["type"] == "endpoint.test"
    numbers = there.numbers
    assert sorted(set(numbers)) == list(range(1, newest + 1))
    assert numbers == sorted(numbers)
    assert numbers.count(1) > 1, "it was not taken at once"
    assert len({one.id for one in there.got if one.number == 1}) == 1
    assert UUID(there.got[1].shown["data"]["account_id"]) == customer.account_id
    assert "1 prefix.created: 500" in result.output


async def test_listen_sends_only_kinds_that_are_wanted(customer: Shell, there: Receiver) -> None:
    made = UUID(await customer.claim("31.0.0.0/23"))
    async with customer.backend.border.store.transaction(actor=Actor("test", "1")) as tx:
        for kind in ("prefix.described", "rpki.drifted", "prefix.described"):
            tx.record(made, kind)
    words = ("--forward-to", there.url, "--after", "0", "--kind", "rpki.drifted", "--count", "1")
    await says(customer, "listen", *words)
    assert [one.shown["type"] for one in there.got] == ["endpoint.test", "rpki.drifted"]
