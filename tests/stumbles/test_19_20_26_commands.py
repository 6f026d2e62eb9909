"""Stumbles 19 to 22 and 26: what commands end with, print, take for an id, and say first."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from byoip.cli import commands
from byoip_cli import main as own
from byoip_cli.faults import CommandFailed, Status
from tests.cli.conftest import config_home
from tests.cli.test_operator import WHY, Shell, shell
from tests.net.today import cli

__all__ = ["config_home", "shell"]  # fixtures
BYOIP = [sys.executable, "-c", "from byoip.cli.commands import main; main()"]


async def ended(shell: Shell, *words: str, **more: str) -> tuple[int, str, str]:
    """Status, data and talk of a command in a process of its own."""
    done = await asyncio.to_thread(
        subprocess.run,
        [*BYOIP, *words],
        env={**os.environ, **shell.environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "environment", "status"),
    [
        ("operator accounts list", {}, Status.DONE),
        ("operator prefixes list --overlapping 10.0.0.1/8", {}, Status.REFUSED),
        ("operator prefixes show 10.0.0.1/8", {}, Status.USAGE),
        ("operator accounts list", {"BYOIP_OPERATOR_TOKEN": ""}, Status.USAGE),
        ("operator prefixes show 198.51.100.0/24", {}, Status.NOT_FOUND),
        ("operator prefixes show 0123456789abcdef0123456789abcdef", {}, Status.NOT_FOUND),
        ("operator accounts list", {"BYOIP_OPERATOR_TOKEN": "x"}, Status.NOT_ALLOWED),
        ("operator accounts list", {"BYOIP_URL": "http://127.0.0.1:1"}, Status.UNREACHABLE),
    ],
)
async def test_19_each_failure_has_a_status_of_its_own(
    shell: Shell, words: str, environment: dict[str, str], status: Status
) -> None:
    code, data, talk = await ended(shell, *words.split(), **environment)
    assert (code, "Traceback" in talk) == (status, False), talk
    assert bool(data) is (status is Status.DONE), "data only, and only where there is some"


def leaves(words: list[str], command: Any) -> Iterator[tuple[list[str], Any]]:
    below = getattr(command, "commands", {})
    for name, one in below.items():
        yield from leaves([*words, name], one)
    if not below:
        yield words, command


def test_19_each_command_that_shows_what_the_api_says_takes_json() -> None:
    every = {**own.CATALOGUE, **commands.CATALOGUE}
    speaking = [name for name, entry in every.items() if entry.speaks]
    assert {"operator", "prefixes", "webhooks", "whoami"} <= set(speaking)
    for name in speaking:
        for words, command in leaves([name], cli().commands[name]):
            assert any("--json" in one.opts for one in command.params), words


async def test_19_json_is_what_the_api_said(shell: Shell) -> None:
    made = await shell.claim("31.0.0.0/23")
    listed = json.loads(await shell.says("prefixes", "list", "--json"))
    assert [one["id"] for one in listed] == [made]
    assert listed[0]["account_id"] == shell.account_id.hex, "members are those of the API"
    assert json.loads(await shell.says("prefixes", "show", made, "--json")) == listed[0]
    assert json.loads(await shell.says("breaker", "show", "--json")).keys() >= {"use", "trips"}
    code, data, talk = await ended(shell, *["operator", "prefixes", "show", "--json"], "0" * 32)
    assert (code, data) == (Status.NOT_FOUND, "")
    assert json.loads(talk)["errors"][0]["name"] == "prefix_not_found"


async def test_20_a_cidr_or_an_address_is_taken_for_an_id(shell: Shell) -> None:
    made = await shell.claim("31.0.0.0/23")
    for given in ("31.0.0.0/23", "31.0.1.9", made, str(UUID(made))):
        assert made in await shell.says("prefixes", "show", given)
    assert f"31.0.0.0/23 ({made})" in await shell.refused("prefixes", "show", "31.0.0.0/24")
    account = await shell.says("accounts", "update", "[bold]Example", *WHY, "--quota", "7")
    assert shell.account_id.hex in account
    reserve = ("reservations", "create", "32.0.0.0/24", *WHY, "--account", "[BOLD]example")
    assert shell.account_id.hex in await shell.says(*reserve)
    await shell.says("reservations", "release", "32.0.0.7", *WHY)
    assert "32.0.0.0" not in await shell.says("reservations", "list")
    await shell.says("overrides", "put", "33.0.0.0/8", "ripencc", *WHY)
    await shell.says("overrides", "remove", "33.0.0.0/8", *WHY)
    assert "33.0.0.0" not in await shell.says("overrides", "list")


async def test_20_nothing_is_guessed_where_two_accounts_claim_a_cidr(shell: Shell) -> None:
    first = await shell.claim("31.0.0.0/23")
    other = await shell.says("accounts", "create", "Other", *WHY, "--json")
    shell.account_id = UUID(json.loads(other)["id"])
    second = await shell.claim("31.0.0.0/23")
    result = await shell.run("prefixes", "suspend", "31.0.0.0/23", *WHY)
    assert isinstance(result.exception, CommandFailed)
    assert result.exception.status == Status.USAGE
    assert all(one in str(result.exception) for one in (first, second))
    assert "suspended" not in await shell.says("prefixes", "list")


async def test_20_tables_never_cut_an_id_or_a_cidr(shell: Shell) -> None:
    made = await shell.claim("31.0.0.0/23")
    reserved = ("2001:db8:1234:5678:9abc:def0::/96", "32.0.0.0/24")
    for cidr in reserved:
        await shell.says("reservations", "create", cidr, *WHY, "--account", shell.account_id.hex)
    shown = await on_terminal(shell, 80, "operator", "prefixes", "list")
    assert made in shown
    assert "31.0.0.0/23" in shown
    listed = await on_terminal(shell, 80, "operator", "reservations", "list")
    assert all(one in listed for one in (*reserved, shell.account_id.hex))
    wide = await on_terminal(shell, 200, "operator", "reservations", "list")
    assert "│" in wide, "a table where it fits"
    assert "│" not in listed


async def on_terminal(shell: Shell, columns: int, *words: str) -> str:
    """What a person sees of a command on a terminal of that width."""
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *BYOIP,
        *words,
        env={**os.environ, **shell.environment, "COLUMNS": str(columns), "NO_COLOR": "1"},
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown = await asyncio.to_thread(read_all, ours)
    assert await process.wait() == 0, shown
    return shown


def read_all(descriptor: int) -> str:
    read = b""
    try:
        while part := os.read(descriptor, 65536):
            read += part
    except OSError:  # so Linux tells the end of a terminal
        pass
    os.close(descriptor)
    return read.decode()


async def test_21_lists_name_the_customer_and_why_a_claim_is_pending(shell: Shell) -> None:
    await shell.claim("31.0.0.0/23")
    listed = await shell.says("prefixes", "list")
    assert "[bold]Example" in listed
    assert "ownership_pending" in listed


async def test_21_moments_have_no_microseconds(shell: Shell) -> None:
    made = await shell.claim("31.0.0.0/23")
    listed = json.loads(await shell.says("prefixes", "history", made, "--json"))
    history = await shell.says("prefixes", "history", made)
    at = listed[0]["at"]
    assert f"{at[:10]} {at[11:19]}Z" in history
    assert at not in history


async def test_26_revoke_and_suspend_say_first_what_they_touch(shell: Shell) -> None:
    made = await shell.claim("31.0.0.0/23")
    await shell.says("prefixes", "approve", made, *WHY)
    for verb in ("suspend", "resume", "revoke"):
        code, _, talk = await ended(shell, "operator", "prefixes", verb, "31.0.0.0/23", *WHY)
        assert code == Status.DONE, talk
        touched = "31.0.0.0/23 of [bold]Example: announced: nothing"
        assert (touched in talk) is (verb != "resume")
    token = json.loads(await shell.says("tokens", "create", "ci", *WHY, "--json"))
    _, _, talk = await ended(shell, "operator", "tokens", "revoke", token["id"], *WHY)
    assert "Credential ci of the operator, used last: never." in talk


@pytest.mark.parametrize("more", [[], ["--json"]])
async def test_26_a_person_who_says_no_has_changed_nothing(
    shell: Shell, tmp_path: Path, more: list[str]
) -> None:
    made = await shell.claim("31.0.0.0/23")
    ours, its = pty.openpty()
    os.write(ours, b"n\n")
    process = await asyncio.create_subprocess_exec(
        *BYOIP,
        *("operator", "prefixes", "suspend", made, *WHY, *more),
        env={**os.environ, **shell.environment},
        stdin=its,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,
    )
    os.close(its)
    data, talk = await process.communicate()
    os.close(ours)
    assert (process.returncode, data) == (Status.REFUSED, b"")
    assert b"Nothing was done." in talk
    assert "suspended" not in await shell.says("prefixes", "list")
