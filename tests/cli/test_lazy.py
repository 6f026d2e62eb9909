"""A command imports what it needs: help, errors and commands that speak HTTP need no server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import byoip_cli
from byoip.cli import commands
from byoip.cli.commands import app
from byoip_cli import main as own

CATALOGUE = {**own.CATALOGUE, **commands.CATALOGUE}
BYOIP = Path(sys.executable).with_name("byoip")
OF_A_SERVER = {"alembic", "fastapi", "procrastinate", "psycopg", "pyhanko", "sqlalchemy"}
OF_A_SERVER |= {"starlette", "typst", "uvicorn", "dns", "grpc", "msgspec"}
_LOADED = """
import json, sys
from byoip.cli.commands import main
try: main()
except SystemExit as ended: print("\\n", json.dumps([ended.code, sorted(sys.modules)]))
"""


def loaded(*words: str) -> tuple[int, set[str]]:
    """The status of a command and the packages that its process has loaded."""
    nowhere = {"BYOIP_URL": "http://127.0.0.1:1", "BYOIP_OPERATOR_TOKEN": "x"}
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *words],
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=True,
    )
    status, modules = json.loads(done.stdout.splitlines()[-1])
    return status, {one.partition(".")[0] for one in modules}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["unknown"], 2),
        (["operator", "accounts", "--help"], 0),
        (["webhooks", "listen", "--help"], 0),
        (["prefixes", "list"], 2),  # has no token
        (["login", "--help"], 0),
        (["webhooks", "list"], 2),  # has no token
        (["operator", "accounts", "list"], 6),  # asks, and finds no service
    ],
)
def test_what_needs_no_server_loads_none(words: list[str], status: int) -> None:
    ended, packages = loaded(*words)
    assert (ended, packages & OF_A_SERVER) == (status, set())


def test_what_serves_loads_no_library_for_signatures() -> None:
    ended, packages = loaded("api", "--help")
    assert (ended, "sqlalchemy" in packages) == (0, True)
    assert packages & {"pyhanko", "typst"} == set()


def test_the_catalogue_says_what_each_command_says_of_itself() -> None:
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        own = " ".join((command.help or "").partition("\n\n")[0].split())
        assert (name, CATALOGUE[name].help) == (name, own)


def test_help_names_each_command() -> None:
    done = subprocess.run([BYOIP, "--help"], capture_output=True, text=True, check=True)
    assert all(f" {name} " in done.stdout for name in CATALOGUE)


def test_a_command_on_the_database_loads_neither_the_api_nor_a_server() -> None:
    ended, packages = loaded("advertise", "--help")
    assert (ended, "sqlalchemy" in packages) == (0, True)
    assert packages & {"fastapi", "grpc", "starlette", "uvicorn", "pyhanko"} == set()


def complete(shell: str, typed: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What a shell's script asks for, once it has been installed."""
    environment = {"_BYOIP_COMPLETE": f"complete_{shell}", **more}
    if shell == "bash":
        environment |= {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
    else:
        environment |= {"_TYPER_COMPLETE_ARGS": typed, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    return subprocess.run(
        [BYOIP], env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "name", "no"),
    [
        ("byoip pre", "prefixes", "webhooks"),
        ("byoip prefixes an", "announce", "bind"),
        ("byoip prefixes list --j", "--json", "--help"),
    ],
)
def test_a_shell_completes_names_and_options(shell: str, typed: str, name: str, no: str) -> None:
    told = complete(shell, typed).stdout
    assert name in told
    assert no not in told


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    source = os.environ | {"_BYOIP_COMPLETE": f"source_{shell}"}
    script = subprocess.run([BYOIP], env=source, capture_output=True, text=True, check=False).stdout
    assert f"complete_{shell}" in script


def test_bash_completes_with_the_script_that_it_is_given() -> None:
    typed = """
        eval "$(_BYOIP_COMPLETE=source_bash byoip)"
        COMP_WORDS=(byoip prefixes an) COMP_CWORD=2
        _byoip_completion byoip
        echo "${COMPREPLY[@]}"
    """
    path = f"{BYOIP.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", typed],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["announce"]


def test_completing_a_name_imports_no_command() -> None:
    code = """
import sys
from byoip.cli.commands import app
from typer.main import get_command
command = get_command(app)
names = [one.value for one in command.shell_complete(command.make_context("byoip", ["list"]), "")]
assert "operator" in names and "up" in names, names
assert "byoip.cli.starting" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_working_tree_runs_the_commands_of_its_sources_not_a_copy_that_ages() -> None:
    assert Path(byoip_cli.__file__).parent == Path(__file__).parents[2] / "src" / "byoip_cli"
