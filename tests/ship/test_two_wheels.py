"""The command's wheel works alone; the service's adds its commands to it, and owns no script."""

import asyncio
import json
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

import pytest

import byoip_cli
from tests.cli.test_operator import WHY, Shell, shell
from tests.cli.test_webhooks import customer

__all__ = ["customer", "shell"]  # fixtures

REPOSITORY = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both, by the names of their packages."""
    made = tmp_path_factory.mktemp("wheels")
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(made)]
    subprocess.run([*PIP, *build, "./cli", "."], check=True, cwd=REPOSITORY)
    return {one.name.partition("-")[0]: one for one in made.glob("*.whl")}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An environment with what both need from elsewhere, and nothing of ours."""
    [ours] = Path(sys.executable).parent.parent.glob("lib/python*/site-packages")
    return environment(tmp_path, (one for one in ours.iterdir() if "byoip" not in one.name))


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """An environment with what the command's wheel says that it needs, and nothing of a server."""
    declared = tomllib.loads((REPOSITORY / "cli" / "pyproject.toml").read_text())["project"]
    tops = {
        Path(str(top.locate_file(Path(str(file)).parts[0])))
        for top in needed(declared["dependencies"])
        for file in top.files or ()
        if not str(file).startswith("..")
    }
    assert {"sqlalchemy", "cryptography", "byoip"} & {one.name for one in tops} == set()
    return environment(tmp_path, (one for one in tops if one.exists()))


def environment(where: Path, links: Iterable[Path]) -> Path:
    venv.create(where, with_pip=False)
    [inside] = where.glob("lib/python*/site-packages")
    for one in links:
        (inside / one.name).symlink_to(one)
    return where


def needed(requirements: Iterable[str]) -> list[metadata.Distribution]:
    """What these requirements bring along, as it is installed here."""
    found: dict[str, metadata.Distribution] = {}
    left = list(requirements)
    while left:
        asked = left.pop()
        name = re.split(r"[^A-Za-z0-9._-]", asked)[0]
        if "extra ==" in asked or name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # not for this platform
            continue
        left += found[name].requires or ()
    return list(found.values())


def install(place: Path, wheel: Path) -> None:
    to = [
        "--python",
        str(place / "bin" / "python"),
        "install",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run([*PIP, *to], check=True)


def says(place: Path, *words: str, given: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [place / "bin" / "byoip", *words],
        env={"COLUMNS": "100", **(given or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


async def test_the_commands_wheel_works_alone_for_customers_and_operators(
    wheels: dict[str, Path], clients: Path, customer: Shell, tmp_path: Path
) -> None:
    install(clients, wheels["byoip_cli"])
    here = customer.environment | {"XDG_CONFIG_HOME": str(tmp_path)}

    async def told(*words: str) -> str:
        return await asyncio.to_thread(says, clients, *words, given=here)

    assert (await told("--version")).strip() == byoip_cli.__version__
    help_ = await told("--help")
    assert all(f" {one} " in help_ for one in ("login", "prefixes", "webhooks", "operator"))
    assert " worker " not in help_
    assert "--wait" in await told("prefixes", "add", "--help")
    assert "--forward-to" in await told("webhooks", "listen", "--help")
    assert json.loads(await told("prefixes", "add", "31.0.0.0/23", "--asn", "64500", "--json"))
    approve = ("operator", "prefixes", "approve", "31.0.1.9", *WHY, "--json")
    assert json.loads(await told(*approve))["approved"] == "V"
    assert "[bold]Example" in await told("operator", "prefixes", "list", "--approved")
    assert json.loads(await told("audit", "verify", "--json"))["events"] >= 0


def test_the_services_wheel_brings_the_commands_along(wheels: dict[str, Path], place: Path) -> None:
    """No party has to name it, where both lie in one folder."""
    to = ["--python", str(place / "bin" / "python"), "install", "--no-index"]
    links = ["--find-links", str(wheels["byoip"].parent)]
    subprocess.run([*PIP, *to, *links, "byoip"], check=True)
    assert all(f" {one} " in says(place, "--help") for one in ("operator", "worker"))


def test_the_service_adds_its_commands_whichever_came_first(
    wheels: dict[str, Path], place: Path
) -> None:
    for one in ("byoip", "byoip_cli"):
        install(place, wheels[one])
    told = says(place, "--help")
    assert all(f" {one} " in told for one in ("prefixes", "worker", "operator", "webhooks"))
    assert "--rpki-cache" in says(place, "worker", "--help")


def test_no_file_belongs_to_both(wheels: dict[str, Path]) -> None:
    files = {name: set(zipfile.ZipFile(one).namelist()) for name, one in wheels.items()}
    assert files["byoip"] & files["byoip_cli"] == set()
    assert not any(one.startswith("byoip_cli/") for one in files["byoip"])


def test_both_have_one_version() -> None:
    declared = [
        tomllib.loads((REPOSITORY / one / "pyproject.toml").read_text())["project"]
        for one in ("", "cli")
    ]
    assert {one["version"] for one in declared} == {byoip_cli.__version__}
    assert f"byoip-cli=={byoip_cli.__version__}" in declared[0]["dependencies"]
