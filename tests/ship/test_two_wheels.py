"""The command's wheel works alone; the service's adds its commands to it, and owns no script."""

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import byoip_cli

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
    venv.create(tmp_path, with_pip=False)
    [inside] = tmp_path.glob("lib/python*/site-packages")
    [ours] = Path(sys.executable).parent.parent.glob("lib/python*/site-packages")
    for one in ours.iterdir():
        if "byoip" not in one.name:
            (inside / one.name).symlink_to(one)
    return tmp_path


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


def says(place: Path, *words: str) -> str:
    done = subprocess.run(
        [place / "bin" / "byoip", *words],
        env={"COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_commands_wheel_works_alone(wheels: dict[str, Path], place: Path) -> None:
    install(place, wheels["byoip_cli"])
    assert says(place, "--version").strip() == byoip_cli.__version__
    told = says(place, "--help")
    assert all(one in told for one in ("login", "whoami", "prefixes"))
    assert " worker " not in told
    assert "--wait" in says(place, "prefixes", "add", "--help")


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
