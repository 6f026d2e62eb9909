"""Trust, 3.1: an export that was built at no time, or has entries without end, stops no process.

Postgres kept such a time, of the year 10000 in UTC, and could not be asked for it again: from then
on `byoip api` and `byoip worker` ended as they looked for what they lack.
"""

import json
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from byoip.adapters.checks import vrp_json
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.vrp_snapshot import Gate, GatePolicy
from byoip.ports.checks.rpki import VrpExport
from byoip.ports.checks.snapshots import MalformedExport
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.usecases.checks.capabilities import Capabilities, RoasLoaded
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasRefused
from tests.fakes.rpki import ANCHORS, NOON, FakeVrpSource, entry, export_text
from tests.trust.parties import Parties

MANY_ASPAS = 20_000
SECONDS = 2.0  # of the processor; some 5 where each is merged with all before
WHEN = '"buildtime": "2026-11-22T12:00:00Z"'


@pytest.mark.parametrize("named", ["buildtime", "generatedTime"])
@pytest.mark.parametrize("built", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_build_time_that_is_none_in_utc_stops_no_process(
    registry_world: tuple[Parties, WhoisServer], built: str, named: str
) -> None:
    parties, _ = registry_world
    offer = export_text([entry("31.0.0.0/24", 64500, 24)])
    assert WHEN in offer
    offer = offer.replace(WHEN, f'"{named}": "{built}"')
    source, snapshots = FakeVrpSource(Path(parties.directory), offer), VrpSnapshots(parties.engine)
    taken = await RefreshRoas(source, JsonVrps(), snapshots, GatePolicy(floor=0), parties.clock)()
    assert isinstance(taken, RoasRefused)
    looked = Capabilities({"roa_data": RoasLoaded(snapshots, parties.clock)}, parties.clock)
    [found] = await looked.lacking()  # as each process does at its start
    assert "there is no ROA data" in found.sentence
    assert [one.gate for one in taken.objections] == [Gate.FORMAT]


async def test_one_that_an_older_version_kept_stops_no_process(
    registry_world: tuple[Parties, WhoisServer],
) -> None:
    parties, _ = registry_world
    async with parties.engine.begin() as connection:
        await connection.execute(
            sa.text(
                "INSERT INTO vrp_snapshots (accepted, attempted_at, built_at, counts, objections,"
                " kept) VALUES (false, now(), '10000-01-01', '{}', '[]', false)"
            )
        )
    snapshots = VrpSnapshots(parties.engine)
    looked = Capabilities({"roa_data": RoasLoaded(snapshots, parties.clock)}, parties.clock)
    [found] = await looked.lacking()
    assert "cannot be read" in found.sentence


async def test_a_build_time_elsewhere_is_a_time(
    registry_world: tuple[Parties, WhoisServer],
) -> None:
    parties, _ = registry_world
    offer = export_text([entry("31.0.0.0/24", 64500, 24)])
    offer = offer.replace(WHEN, '"buildtime": "2026-11-22T14:00:00+02:00"')
    source, snapshots = FakeVrpSource(Path(parties.directory), offer), VrpSnapshots(parties.engine)
    await RefreshRoas(source, JsonVrps(), snapshots, GatePolicy(floor=0), parties.clock)()
    latest = (await snapshots.status()).latest
    assert latest is not None
    assert latest.tally is not None
    assert f"{latest.tally.built_at:%H:%M %Z}" == "12:00 UTC"


def test_entries_without_end_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a gigabyte of `1,` would be eighteen in memory."""
    monkeypatch.setattr(vrp_json, "_MOST_COMMAS", 10_000)
    file = tmp_path / "json"
    start = export_text([entry("31.0.0.0/24", 64500, 24)]).removesuffix("]}")
    file.write_text(start + ",1" * 5000 + "]}")
    assert JsonVrps().open(VrpExport(file, "here", ANCHORS)).built_at == NOON
    file.write_text(start + ",1" * 10_000 + "]}")
    with pytest.raises(MalformedExport, match="more than 10000 values"):
        JsonVrps().open(VrpExport(file, "here", ANCHORS))


def test_many_aspas_of_one_customer_are_read_in_time(tmp_path: Path) -> None:
    """Each was merged with all before it: 200,000, as many as are taken, would take minutes."""
    many = range(1, MANY_ASPAS + 1)
    listed = [{"customer_asid": 64500, "providers": [70000 + each]} for each in many]
    file = tmp_path / "export.json"
    metadata = {"buildtime": "2026-11-22T12:00:00Z"}
    file.write_text(json.dumps({"metadata": metadata, "roas": [], "aspas": listed}))
    began = time.process_time()
    opened = JsonVrps().open(VrpExport(file, "a test", frozenset({"ripe"})))
    assert time.process_time() - began < SECONDS
    [row] = opened.aspas.rows
    assert row.providers is None  # more than are taken of one customer: that one is unanswered
