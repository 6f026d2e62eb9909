"""Every process that connects refuses a server older than promised: one sentence, and its status.

The server is real and new; what moves is the version that we ask for.
"""

import sys

import pytest

from byoip.cli.commands import main
from byoip.composition import external_services
from byoip.composition.process import Composition
from byoip.settings.model import Settings
from byoip.store import migrating

SENTENCE = "byoip needs Postgres 99 or newer, and this server is"
PROCESSES = [
    ["migrate"],
    ["api"],
    ["worker"],
    ["up", "--sandbox"],
    ["account", "create", "Example"],
    ["kill-switch", "list"],
    ["advertise", "restored", "--name", "A. Person", "--reason", "a ticket"],
    ["rpki", "refresh"],
]


@pytest.fixture
def old_server_url(cloned_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(migrating, "OLDEST", 990000)
    monkeypatch.setenv("DATABASE_URL", cloned_url)
    monkeypatch.setenv("BYOIP_ORIGIN_ASNS", "64500")
    monkeypatch.setenv("COLUMNS", "200")
    return cloned_url


@pytest.mark.usefixtures("old_server_url")
@pytest.mark.parametrize("words", PROCESSES, ids=" ".join)
def test_a_process_says_so_and_ends(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["byoip", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert SENTENCE in capfd.readouterr().err


async def test_one_that_serves_is_not_ready(old_server_url: str) -> None:
    settings = Settings()
    composition = Composition(settings, old_server_url, "sandbox", external_services(settings))
    trouble = await composition.trouble()
    await composition.close()
    assert SENTENCE in (trouble or "")
