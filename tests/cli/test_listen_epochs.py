"""`byoip webhooks listen` and `byoip prefixes watch` over a new epoch of the feed (Tools 3.1)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from byoip.domain.history import Actor
from byoip.store.claims.epochs import EpochReader
from byoip.usecases.speakers.forget_applied import forget_applied, recognise
from byoip_cli import feed
from byoip_cli.client import ask
from byoip_cli.faults import CommandFailed, Status
from tests.announcing import until
from tests.cli.test_operator import Shell, shell
from tests.cli.test_webhooks import customer, run, says, there
from tests.failover.test_1_6_event_numbers import ELSEWHERE, WITNESS
from tests.hooks.receivers import Got, Receiver, answering
from tests.store.samples import SetClock

__all__ = ["customer", "shell", "there"]  # fixtures

KIND = "prefix.described"
AGAIN = " ON CONFLICT (singleton) DO UPDATE SET identity = excluded.identity"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the command has asked the feed for, as it does so."""
    queries: list[dict[str, Any]] = []

    def noted(*given: Any, **more: Any) -> Any:
        queries.append(more["query"])
        return ask(*given, **more)

    monkeypatch.setattr(feed, "ask", noted)
    return queries


async def happen(shell: Shell, prefix: UUID, count: int) -> None:
    async with shell.backend.border.store.transaction(actor=Actor("test", "1")) as tx:
        for _ in range(count):
            tx.record(prefix, KIND)


async def run_sql(shell: Shell, *statements: str) -> None:
    async with shell.engine.begin() as connection:
        for one in statements:
            await connection.execute(sa.text(one))


async def restore(shell: Shell) -> None:
    """Numbers after those that are there now are not sure, for a process has seen a later time."""
    assert isinstance(shell.backend.clock, SetClock)
    shell.backend.clock.advance(timedelta(hours=2))
    await run_sql(shell, WITNESS)
    async with shell.backend.border.store.transaction(actor=Actor("cli", "cli-1")) as tx:
        await forget_applied(tx, name="A", reason="last night's backup")


def once(there: Receiver, number: int, then: Callable[[], Awaitable[None]]) -> None:
    """Before the event of this number is taken, something else happens."""

    async def answer(got: Got, writer: asyncio.StreamWriter) -> None:
        if got.number == number:
            there.answer = answering(204)
            await then()
        await answering(204)(got, writer)

    there.answer = answer


async def test_listen_says_so_as_a_webhook_would_and_goes_on_after_the_safe_number(
    customer: Shell, there: Receiver
) -> None:
    prefix = UUID(await customer.claim("31.0.0.0/23"))
    await happen(customer, prefix, 2)
    newest = 3
    epoch = (await EpochReader(customer.engine).current()).hex

    async def lost() -> None:
        await restore(customer)
        await happen(customer, prefix, 1)

    once(there, newest, lost)
    words = ("--forward-to", there.url, "--after", "0", "--kind", KIND, "--count", "3")
    said = await says(customer, "listen", *words)
    [told] = [one for one in there.got if one.shown["type"] == "feed.restarted"]
    data = told.shown["data"]
    now = (await EpochReader(customer.engine).current()).hex
    assert (data["epoch_before"], data["epoch"]) == (epoch, now)
    assert now != epoch
    assert data["after"] == newest
    assert told.id == f"rst_{now}_{customer.account_id.hex}_{newest}"
    after = there.got[there.got.index(told) + 1 :]
    assert [one.id for one in after] == [f"evt_{now}_{customer.account_id.hex}_{newest + 1}"]
    assert after[0].shown["data"]["previous"] == newest
    assert f"{newest} feed.restarted: 204" in said


async def test_listen_waits_while_the_service_has_no_answer(
    customer: Shell, there: Receiver, asked: list[dict[str, Any]]
) -> None:
    """As after each failover: until it is judged which database this is, there is 503."""
    prefix = UUID(await customer.claim("31.0.0.0/23"))
    judged = []

    async def judge() -> None:
        before = len(asked)
        await until(lambda: len(asked) >= before + 2)  # it was asked, and is asked again
        async with customer.backend.border.store.transaction(actor=Actor("cli", "cli-1")) as tx:
            await recognise(tx)
        await happen(customer, prefix, 1)

    async def elsewhere() -> None:
        await run_sql(customer, ELSEWHERE)
        judged.append(asyncio.create_task(judge()))

    once(there, 1, elsewhere)
    words = ("--forward-to", there.url, "--after", "0", "--count", "2")
    result = await run(customer, "webhooks", "listen", *words)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "it is asked again" in result.output + result.stderr
    assert "feed.restarted" in [one.shown["type"] for one in there.got]


async def test_what_has_no_answer_from_the_beginning_ends(customer: Shell) -> None:
    await run_sql(customer, ELSEWHERE)
    refused = await run(customer, "prefixes", "watch", "--after", "1")
    assert isinstance(refused.exception, CommandFailed)
    assert refused.exception.status == Status.UNREACHABLE


async def test_watch_says_so_and_goes_on(
    customer: Shell, monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(feed, "_WAIT", 3)  # a restore ends no poll that waits
    prefix = UUID(await customer.claim("31.0.0.0/23"))
    watching = asyncio.create_task(
        run(customer, "prefixes", "watch", "--after", "0", "--count", "2", "--json")
    )
    await until(lambda: any(one["after"] == 1 and "wait" in one for one in asked))
    before = (await EpochReader(customer.engine).current()).hex
    await restore(customer)
    await happen(customer, prefix, 1)
    result = await watching
    assert result.exit_code == 0, (result.output, result.exception)
    assert "The service was restored: forget what came behind 1" in result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    kinds = [(1, "prefix.created"), (1, "feed.restarted"), (2, KIND)]
    assert [(one["number"], one["kind"]) for one in lines] == kinds
    now = (await EpochReader(customer.engine).current()).hex
    assert (lines[1]["epoch_before"], lines[1]["epoch"]) == (before, now)


async def another_epoch(shell: Shell) -> str:
    """Another database is taken for the one before, though nothing had happened in it."""
    await run_sql(shell, ELSEWHERE + AGAIN)
    async with shell.backend.border.store.transaction(actor=Actor("cli", "cli-1")) as tx:
        await recognise(tx)
    return (await EpochReader(shell.engine).current()).hex


def took(there: Receiver, count: int) -> bool:
    return len(there.got) == count


async def test_listen_is_told_of_epochs_behind_no_event(
    customer: Shell, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("byoip_cli.feed._WAIT", 1)
    epochs = [(await EpochReader(customer.engine).current()).hex]
    words = ("webhooks", "--json", "listen", "--forward-to", there.url, "--count", "1")
    listening = asyncio.create_task(run(customer, *words))
    try:
        for count in (1, 2, 3):
            await until(partial(took, there, count))
            if count < 3:
                epochs.append(await another_epoch(customer))
    finally:
        await customer.claim("31.0.0.0/23")  # which ends it
        result = await listening
    assert result.exit_code == 0, (result.output, result.exception)
    first, last = there.got[1].shown["data"], there.got[2].shown["data"]
    assert (first["epoch_before"], first["epoch"], first["after"]) == (epochs[0], epochs[1], 0)
    assert (last["epoch_before"], last["epoch"], last["after"]) == (epochs[1], epochs[2], 0)
    assert there.got[3].id == f"evt_{epochs[2]}_{customer.account_id.hex}_1"
    assert there.got[3].shown["data"]["previous"] == 0
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    told = [(0, "feed.restarted"), (0, "feed.restarted"), (1, "prefix.created")]
    assert [(one["number"], one["kind"]) for one in lines] == told


async def test_watch_is_told_of_an_epoch_behind_no_event(
    customer: Shell, monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(feed, "_WAIT", 1)
    before = (await EpochReader(customer.engine).current()).hex
    watching = asyncio.create_task(run(customer, "prefixes", "watch", "--count", "1", "--json"))
    await until(lambda: any("wait" in one for one in asked))
    now = await another_epoch(customer)
    await until(lambda: asked[-1].get("epoch") == now)
    await customer.claim("31.0.0.0/23")
    result = await watching
    assert result.exit_code == 0, (result.output, result.exception)
    told, event = map(json.loads, result.stdout.splitlines())
    assert told == {
        "number": 0,
        "kind": "feed.restarted",
        "epoch": now,
        "epoch_before": before,
    }
    assert (event["number"], event["kind"]) == (1, "prefix.created")
    assert "forget what came behind 0" in result.stderr


async def test_what_a_program_took_before_a_restart_stays_what_it_took(
    customer: Shell, there: Receiver
) -> None:
    """As with a webhook: `previous` is the last that it was sent, not the last that is sure."""
    prefix = UUID(await customer.claim("31.0.0.0/23"))
    await happen(customer, prefix, 3)

    async def lost() -> None:
        await restore(customer)
        async with customer.backend.border.store.transaction(actor=Actor("test", "1")) as tx:
            tx.record(prefix, "rpki.drifted")

    once(there, 1, lost)
    words = ("--forward-to", there.url, "--after", "0", "--count", "2")
    kinds = ("--kind", "prefix.created", "--kind", "rpki.drifted")
    await says(customer, "listen", *words, *kinds)
    told = [one.shown["data"] for one in there.got if one.shown["type"] == "feed.restarted"]
    assert [one["after"] for one in told] == [4]
    assert there.numbers[-1] == 5
    assert there.got[-1].shown["data"]["previous"] == 1
