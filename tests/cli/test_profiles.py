"""`byoip login` and `whoami`, and profiles, against a running API over loopback."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from byoip.cli.commands import app
from byoip_cli.faults import CommandFailed, Status, Unusable
from tests.cli.test_operator import Shell, shell
from tests.cli.test_webhooks import customer, there
from tests.hooks.receivers import Receiver

__all__ = ["customer", "shell", "there"]  # fixtures
BYOIP = [sys.executable, "-c", "from byoip.cli.commands import main; main()"]


async def run(environment: dict[str, str], *words: str, paste: str | None = None) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, [*words], env=environment, input=paste)


async def says(environment: dict[str, str], *words: str, paste: str | None = None) -> str:
    result = await run(environment, *words, paste=paste)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


async def test_a_token_is_pasted_once_and_kept_for_its_owner_alone(
    customer: Shell, config_home: Path
) -> None:
    url, token = customer.environment["BYOIP_URL"], customer.environment["BYOIP_TOKEN"]
    nothing: dict[str, str] = {}
    await says(nothing, "login", "--url", url, paste=f"{token}\n")
    file = config_home / "byoip" / "config.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = json.loads(await says(nothing, "whoami", "--json"))
    assert (shown["account_id"], shown["url"]) == (customer.account_id.hex, url)
    assert json.loads(await says(nothing, "prefixes", "list", "--json")) == []
    operators = customer.environment["BYOIP_OPERATOR_TOKEN"]
    await says(nothing, "login", "--url", url, paste=f"{operators}\n")
    assert token in file.read_text(), "each kind has a place"
    assert customer.account_id.hex in await says(nothing, "operator", "accounts", "list")


async def test_login_opens_the_page_that_makes_a_token(
    customer: Shell, config_home: Path, tmp_path: Path
) -> None:
    """A browser of ours (`BROWSER`, as webbrowser reads it) notes what it is to open."""
    url, token = customer.environment["BYOIP_URL"], customer.environment["BYOIP_TOKEN"]
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o700)
    done = await asyncio.to_thread(
        subprocess.run,
        [*BYOIP, "login", "--open", "--url", f"{url}/"],
        env={**os.environ, "BROWSER": str(browser)},
        input=f"{token}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert opened.read_text() == f"{url}/ui/tokens"
    assert token in (config_home / "byoip" / "config.toml").read_text()


async def test_a_token_that_is_not_good_is_not_kept(customer: Shell, config_home: Path) -> None:
    url = customer.environment["BYOIP_URL"]
    refused = await run({}, "login", "--url", url, paste="byoip_x\n")
    assert isinstance(refused.exception, CommandFailed)
    assert refused.exception.status == Status.NOT_ALLOWED
    assert not (config_home / "byoip").exists()


async def test_a_profile_is_chosen_by_option_or_environment(customer: Shell) -> None:
    url, token = customer.environment["BYOIP_URL"], customer.environment["BYOIP_TOKEN"]
    await says({}, "--profile", "lab", "login", "--url", url, paste=f"{token}\n")
    await says({}, "--profile", "lab", "prefixes", "list")
    await says({"BYOIP_PROFILE": "lab"}, "prefixes", "list")
    without = await run({}, "prefixes", "list")
    assert isinstance(without.exception, Unusable)
    assert "BYOIP_TOKEN is required" in str(without.exception)
    wrong = await run({}, "--profile", "prod", "prefixes", "list")
    assert isinstance(wrong.exception, Unusable)
    assert "there are: lab" in str(wrong.exception)


async def test_a_profiles_token_goes_to_its_address_only(customer: Shell, there: Receiver) -> None:
    url, token = customer.environment["BYOIP_URL"], customer.environment["BYOIP_TOKEN"]
    await says({}, "login", "--url", url, paste=f"{token}\n")
    for elsewhere in ({"BYOIP_URL": there.url}, {}):
        words = () if elsewhere else ("--url", there.url)
        refused = await run(elsewhere, "prefixes", *words, "list")
        assert isinstance(refused.exception, Unusable), refused.output
    assert there.got == []


@pytest.mark.parametrize("mode", [0o644, 0o640])
async def test_a_file_that_others_may_read_is_refused(
    customer: Shell, config_home: Path, mode: int
) -> None:
    url, token = customer.environment["BYOIP_URL"], customer.environment["BYOIP_TOKEN"]
    await says({}, "login", "--url", url, paste=f"{token}\n")
    file = config_home / "byoip" / "config.toml"
    file.chmod(mode)
    refused = await run({}, "whoami")
    assert isinstance(refused.exception, Unusable)
    assert f"chmod 600 {file}" in str(refused.exception)
