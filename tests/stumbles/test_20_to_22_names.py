"""Stumbles 20 to 22: names where ids were taken or shown, and who is meant when one is missing."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from rich.console import Console
from typer.testing import CliRunner

from byoip.cli.commands import app
from byoip.domain.accounts.credential import AccountNotFound
from byoip.domain.history import Actor
from byoip.domain.prefix import Prefix
from byoip.store.speakers.routes import Routes
from byoip.usecases.bindings import bindings
from byoip_cli import output
from byoip_cli.faults import CommandFailed, Status
from tests.announcing import path
from tests.cli.conftest import config_home
from tests.cli.test_operator import WHY, Shell, first_id, shell
from tests.cli.test_webhooks import customer
from tests.stumbles.test_19_20_26_commands import ended
from tests.usecases.verbs import Verb

__all__ = ["config_home", "customer", "shell"]  # fixtures
NOBODY = "0" * 32


async def test_20_services_and_waivers_go_by_what_people_call_them(shell: Shell) -> None:
    await shell.says("services", "create", "Scrubbing", *WHY)
    changed = await shell.says("services", "update", "scrubbing", "--default-only", *WHY, "--json")
    assert json.loads(changed)["default_only"] is True
    await shell.says("services", "retire", "Scrubbing", *WHY)
    assert "there are: CDN" in await shell.refused("services", "retire", "Scrubbing", *WHY)
    await shell.claim("31.0.0.0/23")
    until = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await shell.says("prefixes", "waive", "31.0.0.0/23", "irr", "--until", until, *WHY)
    assert "no waiver rpki" in await shell.refused(
        "prefixes", "end-waiver", "31.0.1.1", "rpki", *WHY
    )
    await shell.says("prefixes", "end-waiver", "31.0.1.1", "irr", *WHY)
    assert json.loads(await shell.says("prefixes", "waivers", "31.0.0.0/23", "--json")) == []


async def test_20_a_dispute_goes_by_its_cidr(shell: Shell) -> None:
    assert "There is no dispute 31.0.0.0/23." in await shell.refused(
        "disputes", "show", "31.0.0.0/23"
    )


async def test_20_a_dispute_about_an_as_number_goes_by_that(shell: Shell) -> None:
    told = await shell.refused("asn-disputes", "show", "AS3320")
    assert "No dispute about AS3320 is open." in told


@pytest.mark.parametrize("wrong", ["abc", "../accounts", "31.0.0.0/23"])
async def test_20_what_is_no_id_is_asked_of_nobody(shell: Shell, wrong: str) -> None:
    shell.environment["BYOIP_URL"] = "http://127.0.0.1:1"
    for words in (["tokens", "revoke"], ["speakers", "lift"], ["webhooks", "disable"]):
        result = await shell.run(*words, wrong, *WHY)
        assert isinstance(result.exception, CommandFailed)
        assert result.exception.status is Status.USAGE
        assert f"{wrong} is no id" in str(result.exception)


@pytest.mark.parametrize(
    "whole", ["0123456789abcdef0123456789abcdef", "2001:db8:1234:5678:9abc:def0::/96"]
)
@pytest.mark.parametrize("around", ["{}", "the prefix of which\n{}", "a, b ({}), and others: 4711"])
def test_20_an_id_or_cidr_among_words_is_never_broken(
    whole: str, around: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"subject": around.format(whole), "why": "many words that may well be broken " * 3}
    for width in (40, 70, 120):
        monkeypatch.setattr(output, "_console", lambda width=width: Console(width=width))
        output.show_table(("subject", "why"), [row], title="Trips")
        shown = capsys.readouterr().out
        assert whole in shown
        assert ("│" in shown) is (width > 40)


async def test_21_lists_of_what_accounts_have_name_them(customer: Shell) -> None:
    shell = customer
    owner = ("--account", shell.account_id.hex)
    await shell.says("tokens", "create", "ci", *WHY, *owner)
    await shell.says("reservations", "create", "32.0.0.0/24", *WHY, *owner)
    await ended(shell, "webhooks", "create", "https://hooks.example.net/byoip")
    for words in ("tokens list", "reservations list", "webhooks list"):
        assert "[bold]Example" in await shell.says(*words.split())
        shown = json.loads(await shell.says(*words.split(), "--json"))
        assert "account" not in shown[0], "JSON is what the API said"
    made = await shell.claim("31.0.0.0/23")
    end = (datetime.now(UTC) + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await shell.says("prefixes", "approve", made, *WHY, "--proof-ends-at", end)
    assert "[bold]Example" in await shell.says("prefixes", "proofs")


async def test_21_histories_name_who_acted(shell: Shell) -> None:
    await shell.claim("31.0.0.0/23")
    await shell.says("prefixes", "approve", "31.0.0.0/23", *WHY)
    for words in ("prefixes history 31.0.0.0/23", "history"):
        await shell.says("services", "create", words, *WHY)
        told = json.loads(await shell.says(*words.split(), "--json"))[-1]["actor"]
        assert told.startswith("operator:")
        assert f"ops ({told})" in await shell.says(*words.split())


async def test_21_what_is_nested_is_one_word_or_has_a_line(shell: Shell) -> None:
    await shell.says("tokens", "create", "ci", *WHY, "--account", shell.account_id.hex)
    history = await shell.says("history")
    assert "scopes: bgp:read bgp:write prefixes:read prefixes:write" in " ".join(
        history.replace("│", " ").split()
    )
    made = await shell.claim("31.0.0.0/23")
    await shell.says("prefixes", "approve", made, *WHY)
    service = next(iter(await shell.backend.reader.services()))
    await Verb(shell.backend.border.store, bindings.bind)(
        *(shell.account_id, UUID(made)),
        cidr="31.0.0.0/23",
        service_id=service.id,
        by=Actor("test", "1"),
    )
    routes = await shell.says("prefixes", "routes", made)
    assert "31.0.0.0/23" in routes
    assert "advertised" not in routes


def test_21_moments_within_a_change_have_no_microseconds_either() -> None:
    told = {"at": "2026-11-30T04:49:37.861724+00:00", "until": "2026-12-01T00:00:00Z"}
    assert output.shown(told) == "at: 2026-11-30 04:49:37Z, until: 2026-12-01 00:00:00Z"


async def test_21_a_history_begins_behind_the_number_that_is_given(shell: Shell) -> None:
    for name in ("one", "two", "three"):
        await shell.says("services", "create", name, *WHY)
    every = json.loads(await shell.says("history", "--json"))
    [*_, before, last] = every
    behind = await shell.says("history", "--after", str(before["number"]), "--json")
    assert json.loads(behind) == [last]


async def test_22_an_account_that_is_not_there_is_named(shell: Shell, database_url: str) -> None:
    for words in (
        ["tokens", "create", "ci", "--account", NOBODY],
        ["reservations", "create", "32.0.0.0/24", "--account", NOBODY],
        ["accounts", "update", NOBODY, "--quota", "7"],
    ):
        told = await shell.refused(*words, *WHY)
        assert told.startswith(f"There is no account {NOBODY}. (account_not_found"), words
    here = ["token", "create", "ci", "--account", NOBODY]
    given = {"DATABASE_URL": database_url}
    local = await asyncio.to_thread(CliRunner().invoke, app, here, env=given)
    assert isinstance(local.exception, AccountNotFound)
    assert str(local.exception) == f"There is no account {NOBODY}."


async def test_26_withdrawing_orphans_says_first_which(shell: Shell) -> None:
    routes, now = Routes(shell.engine), datetime.now(UTC)
    held = [Prefix.parse(one) for one in ("35.0.0.0/24", "35.0.1.0/24")]
    await routes.note_orphans("ams1", {one: path(one) for one in held}, now)
    words = ("operator", "routes", "withdraw-orphan", "35.0.0.0/24", "--speaker", "ams1", *WHY)
    code, _, talk = await ended(shell, *words)
    assert (code, talk) == (Status.DONE, "ams1 would withdraw: 35.0.0.0/24.\n")
    every = ("operator", "routes", "withdraw-orphans", "--speaker", "ams1", "--count", "1", *WHY)
    code, _, talk = await ended(shell, *every)
    assert (code, talk) == (Status.DONE, "ams1 would withdraw: 35.0.1.0/24.\n")


async def test_21_whoami_reads_an_operators_token_as_well(shell: Shell) -> None:
    code, data, _ = await ended(shell, "whoami", "--json", BYOIP_TOKEN="")
    assert (code, json.loads(data)["scopes"]) == (Status.DONE, ["operator"])
    assert first_id(data)
