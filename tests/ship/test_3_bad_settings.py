"""Ship, 3: what is wrong with the settings or the password is said before anything starts."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.running import BYOIP, environment
from tests.ship.engine import REPOSITORY


def byoip(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    known = environment(BYOIP_ORIGIN_ASNS="64496", **settings)
    return subprocess.run([BYOIP, *words], env=known, capture_output=True, text=True, check=False)


def with_password(url: str, password: str) -> str:
    return re.sub(r":[^:@]+@", f":{password}@", url)


@pytest.mark.parametrize(
    "words",
    [("config", "check"), ("migrate",), ("worker",), ("api", "--port", "0"), ("up", "--port", "0")],
)
def test_a_wrong_password_is_named(
    bare_database_url: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    known = {"BYOIP_DATA_DIR": str(tmp_path)}
    done = byoip(*words, DATABASE_URL=with_password(bare_database_url, "wrong"), **known)
    assert done.returncode in {1, 2}
    assert "password authentication failed" in " ".join(done.stderr.split())
    assert "wrong@" not in done.stderr


def test_a_database_that_answers_passes(bare_database_url: str) -> None:
    done = byoip("config", "check", DATABASE_URL=bare_database_url)
    assert "database: has revision None" in done.stdout
    assert bare_database_url not in done.stdout + done.stderr


def test_a_key_of_letters_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "key.pem")
    known = {"BYOIP_LETTER_KEY": missing, "BYOIP_LETTER_CERTIFICATE": missing}
    done = byoip("config", "check", "--offline", **known)
    assert done.returncode == 2
    assert "key.pem" in "".join(done.stderr.split())  # in lines of the terminal's width


def test_what_checks_first_has_all_settings() -> None:
    services = (REPOSITORY / "docker-compose.yml").read_text().split("\nservices:\n")[1]
    worker = services.split("\n  worker:\n")[1]
    assert set(re.findall(r"path: (\S+)", services)) == set(re.findall(r"path: (\S+)", worker))
    for name in ("docs/operating.md", "tools/compose-upgrade"):
        checks = re.findall(r"--no-deps (\w+) config check", (REPOSITORY / name).read_text())
        assert set(checks) == {"worker"}


def test_a_bad_setting_is_named_without_asking_any_party(tmp_path: Path) -> None:
    done = byoip("config", "check", BYOIP_TOKEN_DAYS="99", BYOIP_DATA_DIR=str(tmp_path))
    assert done.returncode == 2
    assert "token_days" in done.stderr
