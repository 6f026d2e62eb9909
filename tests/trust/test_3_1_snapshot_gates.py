"""Trust, 3.1: a snapshot is held against the best week of each anchor, entry by entry."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.checks.vrp_exports import VrpFile
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.vrp_snapshot import Gate, GatePolicy
from byoip.domain.history import Actor
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.transaction import Store
from byoip.usecases.checks import snapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasAccepted, RoasRefused
from tests.fakes.rpki import ANCHORS, NOON, StoppedClock, entries, entry, export_text
from tests.store.snapshot_engine import snapshot_engine
from tests.usecases.verbs import Verb

ALICE = Actor("operator:alice", "request-1")
HALF_HOUR = timedelta(minutes=30)
APNIC = entries(10, "apnic")
BEFORE = 4096


class RelyingParty:
    """Writes real files; the service takes one every half hour."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self.clock = StoppedClock(NOON)
        self.file = directory / "vrps.json"
        self.engine = engine
        self.snapshots = VrpSnapshots(engine)

    async def offers(self, content: str | bytes) -> RoasAccepted | RoasRefused:
        self.file.write_bytes(content if isinstance(content, bytes) else content.encode())
        source, policy = VrpFile(self.file, ANCHORS), GatePolicy(floor=1)
        refresh = RefreshRoas(source, JsonVrps(), self.snapshots, policy, self.clock)
        result = await refresh()
        assert isinstance(result, RoasAccepted | RoasRefused)
        return result

    async def has(self, ripe: int, *, after: timedelta = HALF_HOUR) -> RoasAccepted | RoasRefused:
        self.clock.at += after
        return await self.offers(export_text([*entries(ripe, "ripe"), *APNIC], self.clock.at))

    async def refusal(self, roas: Sequence[Mapping[str, object]]) -> str:
        refused = await self.offers(export_text(roas, self.clock.at))
        assert isinstance(refused, RoasRefused)
        return refused.objections[0].detail

    async def operator_accepts(self, number: int) -> None:
        accept = Verb(Store(self.engine, self.clock), snapshots.accept_roas)
        await accept(number, reason="RIPE confirmed it", by=ALICE)


@pytest.fixture
async def party(database_url: str, tmp_path: Path) -> AsyncIterator[RelyingParty]:
    async with snapshot_engine(database_url) as engine:
        yield RelyingParty(engine, tmp_path)


async def test_an_anchor_that_loses_half_again_and_again_is_refused(party: RelyingParty) -> None:
    """Sixteen that each lost half of the one before were accepted once."""
    count, taken = BEFORE, []
    while count:
        if isinstance(await party.has(count), RoasAccepted):
            taken.append(count)
        count //= 2
    assert taken == [BEFORE, BEFORE // 2]


async def test_the_best_week_counts_and_the_one_in_use_for_as_long_as_it_is(
    party: RelyingParty,
) -> None:
    await party.has(BEFORE)
    await party.has(BEFORE // 2)
    within = timedelta(days=7) - 2 * HALF_HOUR
    assert isinstance(await party.has(BEFORE // 4, after=within), RoasRefused)
    assert isinstance(await party.has(BEFORE // 4), RoasAccepted)
    assert isinstance(await party.has(BEFORE // 8 - 1, after=timedelta(days=30)), RoasRefused)


async def test_an_operator_who_accepts_an_anchor_makes_its_count_the_measure(
    party: RelyingParty,
) -> None:
    await party.has(BEFORE)
    refused = await party.has(1000)
    assert isinstance(refused, RoasRefused)
    await party.operator_accepts(refused.number)
    assert isinstance(await party.has(500), RoasAccepted)
    assert isinstance(await party.has(499), RoasRefused)


async def test_accepting_one_anchor_says_nothing_of_another(party: RelyingParty) -> None:
    await party.has(BEFORE)
    party.clock.at += HALF_HOUR
    few = [*entries(BEFORE // 2, "ripe"), *APNIC[:2]]
    refused = await party.offers(export_text(few, party.clock.at))
    assert isinstance(refused, RoasRefused)
    assert [one.anchor for one in refused.objections] == ["apnic"]
    await party.operator_accepts(refused.number)
    party.clock.at += HALF_HOUR
    fewer = [*entries(BEFORE // 2 - 1, "ripe"), *APNIC[:2]]
    refused = await party.offers(export_text(fewer, party.clock.at))
    assert isinstance(refused, RoasRefused)
    assert [one.anchor for one in refused.objections] == ["ripe"]


async def test_entries_that_had_expired_when_the_export_was_built_do_not_count(
    party: RelyingParty,
) -> None:
    """A relying party that writes again and again what it validated long ago has lost it."""
    await party.has(BEFORE)
    party.clock.at += HALF_HOUR
    now = int(party.clock.at.timestamp())
    lived, late = entries(BEFORE // 2, "ripe"), entries(BEFORE, "ripe")[BEFORE // 2 :]
    for one, expires in ((lived, now + 1), (late, now)):
        for row in one:
            row["expires"] = expires
    accepted = await party.offers(export_text([*lived, *late, *APNIC], party.clock.at))
    assert isinstance(accepted, RoasAccepted)
    assert accepted.tally.counts["ripe"] == BEFORE // 2

    party.clock.at += HALF_HOUR
    said = await party.refusal([*lived, *late, *APNIC])
    assert "ripe has 0 entries, 4096 at best" in said


BAD = {**entry("192.0.2.0/24", 64496, 24), "maxLength": 33}


async def test_one_entry_in_a_thousand_may_make_no_sense_and_is_counted(
    party: RelyingParty,
) -> None:
    accepted = await party.offers(export_text([*entries(1988, "ripe"), *APNIC, BAD, BAD]))
    assert isinstance(accepted, RoasAccepted)
    assert (accepted.tally.counts["ripe"], accepted.tally.unreadable) == (1988, 2)
    status = await party.snapshots.status()
    assert status.current is not None
    assert status.current.tally is not None
    assert status.current.tally.unreadable == 2


async def test_more_than_that_refuse_the_export(party: RelyingParty) -> None:
    said = await party.refusal([*entries(1987, "ripe"), *APNIC, BAD, BAD])
    assert said == (
        "2 of 1999 entries make no sense, the first is entry 1998: maxLength 33 does not fit "
        "192.0.2.0/24; anchors in the export: apnic, ripe"
    )


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param({**BAD, "ta": "private"}, id="max length"),
        pytest.param({"ta": "private", "asn": [1]}, id="members of its own"),
        pytest.param({**BAD, "ta": "private", "prefix": "10.0.0.1/8"}, id="host bits"),
    ],
)
async def test_what_other_anchors_write_is_not_looked_at(
    party: RelyingParty, foreign: Mapping[str, object]
) -> None:
    accepted = await party.offers(export_text([*entries(10, "ripe"), *APNIC, *[foreign] * 20]))
    assert isinstance(accepted, RoasAccepted)
    assert (accepted.tally.unreadable, accepted.tally.other_anchors) == (0, frozenset({"private"}))


async def test_a_refusal_names_the_true_first_fault_and_the_anchors(party: RelyingParty) -> None:
    """Routinator's entries without `ta` were refused as "expected int, got str" once."""
    nameless = {"asn": "AS64496", "prefix": "192.0.2.0/24", "maxLength": 24}
    rows = [*entries(3, "ripe"), {**entry("10.0.0.0/8", "AS64500", 8, "lacnic")}, nameless]
    said = await party.refusal(rows)
    assert said == (
        "1 of 4 entries make no sense, the first is entry 5: Object missing required field `ta`; "
        "anchors in the export: lacnic, ripe"
    )


async def test_a_missing_anchor_is_refused_with_the_names_that_are_there(
    party: RelyingParty,
) -> None:
    said = await party.refusal([*APNIC, *entries(10, "RIPE NCC")])
    assert said == (
        "ripe has 0 entries, 0 at best in the last seven days; "
        "anchors in the export: RIPE NCC, apnic"
    )


ROW = {"prefix": "192.0.2.0/24", "maxLength": 24}


async def test_numbers_and_texts_of_origins_mix_row_by_row(party: RelyingParty) -> None:
    both = [{**ROW, "asn": 64496, "ta": "ripe"}, {**ROW, "asn": "AS4294967295", "ta": "apnic"}]
    accepted = await party.offers(export_text(both))
    assert isinstance(accepted, RoasAccepted)
    assert accepted.tally.counts == {"ripe": 1, "apnic": 1}


TWO = [{**ROW, "asn": "AS64496", "ta": ta} for ta in sorted(ANCHORS)]
NUMBERED = [{**row, "asn": 64496, "expires": 1795435200} for row in TWO]
EPOCH = int(NOON.timestamp())
STAMP = f"{NOON:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            {"metadata": {"buildtime": STAMP, "elapsedtime": "9"}, "roas": NUMBERED, "aspas": []},
            id="rpki-client 8 and newer",
        ),
        pytest.param({"metadata": {"buildtime": STAMP}, "roas": TWO}, id="rpki-client before 7"),
        pytest.param(
            {"metadata": {"generated": EPOCH, "generatedTime": STAMP}, "roas": TWO},
            id="Routinator, json",
        ),
        pytest.param(
            {
                "metadata": {"counts": 2, "generated": EPOCH, "valid": EPOCH + 3600},
                "roas": TWO,
            },
            id="OctoRPKI",
        ),
        pytest.param(
            {"metadata": {"vrps": 2, "buildtime": STAMP, "sessionid": 1}, "roas": NUMBERED},
            id="StayRTR",
        ),
    ],
)
async def test_what_relying_parties_write_is_read(
    party: RelyingParty, document: Mapping[str, object]
) -> None:
    accepted = await party.offers(json.dumps(document))
    assert isinstance(accepted, RoasAccepted)
    assert (accepted.tally.built_at, sum(accepted.tally.counts.values())) == (NOON, 2)


EXTENDED = {**ROW, "asn": "AS64496", "source": [{"type": "roa", "tal": "ripe"}]}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param(json.dumps(TWO), "rpki-prover", id="rpki-prover"),
        pytest.param(json.dumps({"roas": TWO}), "FORT", id="FORT"),
        pytest.param("ASN,IP Prefix,Max Length,Trust Anchor\n", "in CSV", id="CSV"),
        pytest.param("roa-set {\n}\n", "for a router", id="OpenBGPD"),
        pytest.param(
            json.dumps({"metadata": {"generated": EPOCH}, "roas": [EXTENDED]}),
            "jsonext",
            id="Routinator, jsonext",
        ),
        pytest.param(
            json.dumps({"metadata": {"buildtime": STAMP}, "roas": [{**ROW, "asn": 64496}]}),
            "missing required field `ta`",
            id="a dump of an RTR session",
        ),
    ],
)
async def test_what_cannot_be_read_is_named(party: RelyingParty, content: str, named: str) -> None:
    refused = await party.offers(content)
    assert isinstance(refused, RoasRefused)
    [objection] = refused.objections
    assert objection.gate is Gate.FORMAT
    assert named in objection.detail
