"""Processes say what they serve, and where the first credentials are (stumbles 15 and 18)."""

import asyncio
import re
from pathlib import Path

import pytest

from byoip.cli.ready import Ready
from byoip.cli.starting import _tell
from byoip.ports.jobs import QUEUES
from byoip.settings import Mode
from byoip.settings.loader import read_settings
from tests.end_to_end.running import BYOIP, environment


async def said_by(url: str, ending: str, *words: str, **more: str) -> str:
    """What a process says until this; then it is ended."""
    known = environment(DATABASE_URL=url, BYOIP_ORIGIN_ASNS="64500", **more)
    process = await asyncio.create_subprocess_exec(
        BYOIP, *words, env=known, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said = ""
    try:
        async with asyncio.timeout(60):
            while not re.search(ending, said) and (line := await process.stderr.readline()):
                said += line.decode()
    finally:
        process.terminate()
        await process.communicate()
    return said


@pytest.mark.parametrize("minted", [True, False])
async def test_stumble_15_up_says_where_the_credentials_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, minted: bool
) -> None:
    token = "byoip_x" if minted else None
    ready = Ready("http://h/client/v4", token, token, token, database_url="postgresql://h/d")
    await _tell(read_settings({}, data_dir=tmp_path), "production")(ready)
    said = capsys.readouterr().err
    assert (f"{tmp_path}/credentials.json\n" in said) is minted
    assert ("Credentials: `byoip account create`, then `byoip token create`." in said) is not minted
    assert "byoip_x" not in said


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize("mode", ["sandbox", "production"])
async def test_what_is_to_be_copied_is_whole_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: Mode, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    root, directory = f"http://{'h' * 60}.example", Path(f"/{'d' * 60}/{'e' * 30}")
    link, control = f"{root}/ui/enter#{'f' * 32}", f"{root}:8081"
    ready = Ready(f"{root}/client/v4", "a", "b", "c", "postgresql://h/d", control, link)
    await _tell(read_settings({}, data_dir=directory), mode)(ready)
    lines = capsys.readouterr().err.splitlines()
    assert f"  {link}" in lines
    for whole in (f"{root}/client/v4", control, f"{directory}/credentials.json"):
        assert any(one.endswith(f" {whole}") for one in lines), whole


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("api", "--port", "0"), r"The API is served at http://127.0.0.1:\d+/client/v4"),
        (
            ("worker",),
            f"carries out jobs of {', '.join(QUEUES)}, and may tell 2 speakers",
        ),
    ],
    ids=["api", "worker"],
)
async def test_stumble_18_a_process_says_what_it_serves(
    production_url: str, words: tuple[str, ...], told: str
) -> None:
    known = {"BYOIP_SPEAKERS": "127.0.0.1:1,127.0.0.1:2"}
    assert re.search(told, await said_by(production_url, told, *words, **known))


async def test_stumble_16_up_names_what_is_missing_and_the_doctor(
    production_url: str, tmp_path: Path
) -> None:
    more = {
        "BYOIP_RESOLVERS": "127.0.0.1:1",
        "BYOIP_DATA_DIR": str(tmp_path),
        "BYOIP_STATISTICS_DIR": str(tmp_path),  # nothing is fetched from elsewhere
        "BYOIP_RPKI_FEED_FILE": str(tmp_path / "feed.json"),
    }
    said = await said_by(production_url, r"with the fix for each\.", "up", "--port", "0", **more)
    told = said[said.index("byoip is ready at ") :]
    assert re.search(r"Missing, or not loaded yet: [a-z_, ]*resolver\b.*`byoip doctor`", told)


async def test_stumble_16_up_names_no_doctor_where_nothing_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for lacking in ((), ("statistics",)):
        ready = Ready("http://h/client/v4", None, None, None, "postgresql://h/d", lacking=lacking)
        await _tell(read_settings({}, data_dir=tmp_path), "production")(ready)
        assert ("byoip doctor" in capsys.readouterr().err) is bool(lacking)
        ready.write(tmp_path / "ready.json")
        assert "lacking" not in (tmp_path / "ready.json").read_text()
