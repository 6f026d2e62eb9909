"""Issue "Time", 3: the doctor asks each perspective, and a process starts with fit ones only."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from byoip.adapters.perspectives.wire import public_text
from byoip.cli.doctor.finding import State
from byoip.cli.doctor.parties import look_at_perspectives
from byoip.domain.perspectives.place import Place
from byoip.settings.loader import read_settings
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError
from tests.perspectives.agents import AMSTERDAM, NEW_YORK, TOKYO, agent, write_key

CORE = Ed25519PrivateKey.generate()
SOME_KEY = public_text(Ed25519PrivateKey.generate())


def settings(directory: Path, *perspectives: dict[str, Any], **more: Any) -> Settings:
    key = write_key(directory / "core.pem", CORE)
    return read_settings({}, perspectives=list(perspectives), perspective_key=key, **more)


def named(place: Place, url: str = "http://127.0.0.1:9", key: str = SOME_KEY) -> dict[str, Any]:
    where = {"latitude": place.latitude, "longitude": place.longitude, "asn": place.asn}
    return {"name": place.name, "region": place.region, "url": url, "public_key": key, **where}


async def test_each_is_greeted(tmp_path: Path) -> None:
    (none,) = await look_at_perspectives(read_settings({}))
    assert (none.state, none.check) == (State.NOTE, "perspective")
    async with agent(tmp_path, AMSTERDAM, CORE) as running:
        there = named(AMSTERDAM, running.url, public_text(running.key))
        away, other_key = named(NEW_YORK), named(TOKYO, running.url)
        found = await look_at_perspectives(settings(tmp_path, there, away, other_key))
    assert [(one.subject, one.state) for one in found] == [
        ("ams", State.OK),
        ("nyc", State.FAULT),
        ("tyo", State.FAULT),
    ]
    assert found[0].said == "answers, and is only observed"
    assert "connection failed" in found[1].said
    assert "signature" in found[2].said


async def test_a_key_that_cannot_be_used_is_a_fault(tmp_path: Path) -> None:
    given = settings(tmp_path, named(AMSTERDAM))
    (tmp_path / "core.pem").write_text("no key")
    (found,) = await look_at_perspectives(given)
    assert (found.state, "no PEM" in found.said) == (State.FAULT, True)


def test_places_that_are_too_near_are_refused(tmp_path: Path) -> None:
    near = named(AMSTERDAM) | {"name": "rtm", "latitude": 51.92}
    with pytest.raises(SettingsError, match=r"ams and rtm are .* km apart, and 500 are needed"):
        settings(tmp_path, named(AMSTERDAM), near)


def test_one_in_an_as_of_the_operator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ams stands in AS64511, which carries the prefixes"):
        settings(tmp_path, named(AMSTERDAM), origin_asns="64511")
    with pytest.raises(SettingsError, match="ams stands in AS64511"):
        settings(tmp_path, named(AMSTERDAM), origin_asns="64500", announcing_asn=64511)


def test_perspectives_need_a_key_of_ours() -> None:
    with pytest.raises(SettingsError, match="perspectives need perspective_key"):
        read_settings({}, perspectives=[named(AMSTERDAM)])
    with pytest.raises(SettingsError, match="32 bytes in base64"):
        read_settings({}, perspectives=[named(AMSTERDAM, key="AAAA")])
