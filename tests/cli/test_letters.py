"""Under whose key letters are written."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from byoip.adapters.letters.pyhanko_signer import make_self_signed
from byoip.cli.letters import configured_letter_work, letter_work
from byoip.composition import external_services
from byoip.composition.process import Composition
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError

URL = "https://byoip.example.net"
# Nothing connects before it is used.
DATABASE = "postgresql://nobody:x@127.0.0.1:1/none"


@pytest.fixture
def key(tmp_path: Path) -> dict[str, str]:
    """A key with its certificate, as the environment names them."""
    files = tmp_path / "operator-key.pem", tmp_path / "operator.pem"
    make_self_signed(*files, operator="Example Networks", now=datetime.now(UTC))
    return {"BYOIP_LETTER_KEY": str(files[0]), "BYOIP_LETTER_CERTIFICATE": str(files[1])}


def composed(**environment: str) -> Composition:
    settings: Settings = read_settings({"BYOIP_ORIGIN_ASNS": "64500", **environment})
    return Composition(settings, DATABASE, "production", external_services(settings))


@pytest.fixture
async def closing() -> AsyncIterator[list[Composition]]:
    made: list[Composition] = []
    yield made
    for one in made:
        await one.close()


async def test_without_a_key_a_worker_writes_none(closing: list[Composition]) -> None:
    closing.append(composed())
    assert configured_letter_work(closing[0]) is None


async def test_a_worker_with_a_key_must_know_where_letters_are_checked(
    closing: list[Composition], key: dict[str, str]
) -> None:
    closing += [composed(**key), composed(**key, BYOIP_PUBLIC_URL=URL)]
    with pytest.raises(SettingsError, match="BYOIP_PUBLIC_URL"):
        configured_letter_work(closing[0])
    assert configured_letter_work(closing[1]) is not None


async def test_up_makes_a_key_of_its_own_once_and_only_for_want_of_another(
    closing: list[Composition], key: dict[str, str], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    closing += [composed(**key), composed()]
    letter_work(closing[0], URL, own=own)
    assert not list(own.iterdir())
    letter_work(closing[1], URL, own=own)
    made = (own / "letter-key.pem").read_bytes()
    letter_work(closing[1], URL, own=own)
    assert (own / "letter-key.pem").read_bytes() == made
    assert (own / "letter-key.pem").stat().st_mode & 0o777 == 0o600


async def test_a_key_that_cannot_be_used_is_named(
    closing: list[Composition], key: dict[str, str]
) -> None:
    key["BYOIP_LETTER_CERTIFICATE"] = key["BYOIP_LETTER_KEY"]
    closing.append(composed(**key, BYOIP_PUBLIC_URL=URL))
    with pytest.raises(SettingsError, match=r"operator-key\.pem"):
        configured_letter_work(closing[0])


def test_key_and_certificate_need_each_other(key: dict[str, str]) -> None:
    del key["BYOIP_LETTER_CERTIFICATE"]
    with pytest.raises(SettingsError, match="need each other"):
        read_settings({"BYOIP_ORIGIN_ASNS": "64500", **key})
