"""ASPAs in exports, as rpki-client and Routinator write them, and as nobody should."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from byoip.adapters.asns.aspa_entries import aspa_entries
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.ports.checks.rpki import VrpExport
from byoip.ports.checks.snapshots import AspaEntries, AspaRow


def read(*entries: object) -> AspaEntries:
    return aspa_entries(json.dumps(entries).encode())


def test_both_relying_parties_are_read_and_objects_of_one_customer_are_one() -> None:
    first = {"customer_asid": 3320, "expires": 1795937679, "providers": [64500, 3257]}
    second = {"customer_asid": 3320, "expires": 1795937600, "providers": [64777]}
    routinator = {"customer": "AS1299", "providers": ["AS64500"], "ta": "ripe"}
    assert read(first, routinator, second) == AspaEntries(
        (
            AspaRow(1299, (64500,), None),
            AspaRow(3320, (3257, 64500, 64777), 1795937600),
        )
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"customer_asid": 3320},
        {"customer_asid": 3320, "providers": []},
        {"customer_asid": 3320, "providers": [2**32]},
        {"customer_asid": 3320, "providers": [-1]},
        {"customer_asid": 3320, "providers": ["64500"]},
        {"customer_asid": 3320, "providers": [3320, 64500]},
        {"customer_asid": 3320, "providers": [64500], "expires": "soon"},
        {"customer_asid": 3320, "providers": "AS64500"},
    ],
)
def test_an_entry_that_cannot_be_read_keeps_its_customer_and_takes_no_other_along(
    entry: object,
) -> None:
    good = {"customer_asid": 1299, "providers": [64500]}
    assert read(entry, good) == AspaEntries(
        (AspaRow(1299, (64500,), None), AspaRow(3320, None, None))
    )
    whole = {"customer_asid": 3320, "providers": [64500]}
    assert read(whole, entry).rows == (AspaRow(3320, None, None),)


def test_one_of_more_than_a_thousand_providers_cannot_be_read() -> None:
    thousand = {"customer_asid": 3320, "providers": [*range(70_000, 71_000)]}
    one_more = {"customer_asid": 3320, "providers": [64500]}
    (row,) = read(thousand).rows
    assert len(row.providers or ()) == 1000
    whole = {"customer_asid": 3320, "providers": [*range(70_000, 71_001)]}
    unreadable = (AspaRow(3320, None, None),)
    assert read(whole).rows == read(thousand, one_more).rows == unreadable


@pytest.mark.parametrize(
    "entry",
    [
        {"providers": [64500]},
        {"customer_asid": 0, "providers": [64500]},
        {"customer_asid": "3320x", "providers": [64500]},
        {"customer_asid": 1, "customer": "AS2", "providers": [64500]},
        17,
    ],
)
def test_one_whose_customer_cannot_be_read_may_be_of_any(entry: object) -> None:
    said = read({"customer_asid": 1299, "providers": [64500]}, entry)
    assert said.rows == ()
    assert said.fault == "aspas, entry 2 names no customer"


@pytest.mark.parametrize("member", [None, b"null", b"{}", b'"x"', b"[1", b"7"])
def test_no_list_is_no_word_of_any_customer(member: bytes | None) -> None:
    assert aspa_entries(member).rows == ()
    assert aspa_entries(member).fault
    assert aspa_entries(b"[]") == AspaEntries(())


@pytest.mark.parametrize(
    ("more", "fault"), [({}, True), ({"aspas": []}, False), ({"aspas": 5}, True)]
)
def test_what_is_wrong_with_aspas_is_no_fault_of_the_roas(
    tmp_path: Path, more: dict[str, object], fault: bool
) -> None:
    file = tmp_path / "vrps.json"
    built = datetime(2026, 11, 2, tzinfo=UTC).isoformat()
    file.write_text(json.dumps({"metadata": {"buildtime": built}, "roas": [], **more}))
    opened = JsonVrps().open(VrpExport(file, "a test", frozenset({"ripe"})))
    assert bool(opened.aspas.fault) is fault
    assert list(opened.batches) == []
