import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.ports.checks.rpki import VrpExport
from byoip.ports.checks.snapshots import MalformedExport, VrpDocument
from tests.fakes.rpki import ANCHORS, NOON, entry, export_text

Row = tuple[str, int, int, str, int | None]


def opened(text: str | bytes, directory: Path, *, largest: int = 10**6) -> VrpDocument:
    file = directory / "json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return JsonVrps(largest).open(VrpExport(file, "a test", ANCHORS))


def read(roas: list[dict[str, object]], directory: Path) -> list[Row]:
    document = opened(export_text(roas), directory)
    return [
        (row.prefix, row.max_length, row.asn, row.anchor, row.expires)
        for rows in document.batches
        for row in rows
    ]


def test_an_export_of_rpki_client_is_read(tmp_path: Path) -> None:
    roas = [entry("192.0.2.0/24", 64496, 24), entry("2001:db8::/32", 0, 48, "apnic")]
    text = export_text(roas)
    document = opened(text, tmp_path)
    assert (document.built_at, document.sha256) == (NOON, sha256(text.encode()).hexdigest())
    assert read(roas, tmp_path) == [
        ("192.0.2.0/24", 24, 64496, "ripe", 1900000000),
        ("2001:db8::/32", 48, 0, "apnic", 1900000000),
    ]


def test_an_export_of_routinator_is_read(tmp_path: Path) -> None:
    roa = {"asn": "AS4294967295", "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "ripe"}
    metadata = {"generated": 1763812800, "generatedTime": "2026-11-22T12:00:00Z"}
    document = opened(json.dumps({"metadata": metadata, "roas": [roa]}), tmp_path)
    assert document.built_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert [(row.asn, row.expires) for rows in document.batches for row in rows] == [
        (4294967295, None)
    ]


def test_entries_of_trust_anchors_that_are_not_configured_are_dropped(tmp_path: Path) -> None:
    roas = [entry("192.0.2.0/24", 1, 24, "private"), entry("192.0.2.0/24", 2, 24)]
    assert [row[2] for row in read(roas, tmp_path)] == [2]


def test_many_entries_come_in_batches_and_none_is_lost(tmp_path: Path) -> None:
    roas = [entry(f"10.{n // 256}.{n % 256}.0/24", n, 24) for n in range(9001)]
    document = opened(export_text(roas), tmp_path)
    sizes = [len(rows) for rows in document.batches]
    assert (len(sizes), sum(sizes)) == (3, 9001)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"prefix": "192.0.2.0"}, id="no length"),
        pytest.param({"prefix": "192.0.2.0/024"}, id="leading zero of the length"),
        pytest.param({"prefix": "192.0.02.0/24"}, id="leading zero of an octet"),
        pytest.param({"prefix": "192.0.2/24"}, id="abbreviated"),
        pytest.param({"prefix": "192.0.2.0/24\n10.0.0.0/8"}, id="two in one"),
        pytest.param({"prefix": "2001:DB8::/32"}, id="capitals"),
        pytest.param({"prefix": "fe80::%eth0/64"}, id="zone id"),
        pytest.param({"prefix": ""}, id="empty"),
        pytest.param({"prefix": None}, id="null"),
        pytest.param({"asn": -1}, id="negative origin"),
        pytest.param({"asn": 2**32}, id="33 bits of origin"),
        pytest.param({"asn": "AS4294967296"}, id="33 bits of origin in text"),
        pytest.param({"asn": "64496"}, id="origin in bare text"),
        pytest.param({"asn": 64496.5}, id="half an origin"),
        pytest.param({"asn": True}, id="true as origin"),
        pytest.param({"maxLength": 129}, id="max length past the end"),
        pytest.param({"maxLength": "24"}, id="max length in text"),
        pytest.param({"expires": -1}, id="expired before time began"),
        pytest.param({"expires": 10**15}, id="expires past the calendar"),
        pytest.param({"ta": 5}, id="anchor without a name"),
    ],
)
def test_one_entry_that_makes_no_sense_spoils_the_export(
    tmp_path: Path, wrong: Mapping[str, object]
) -> None:
    roas = [entry("192.0.2.0/24", 1, 24), {**entry("192.0.2.0/24", 1, 24), **wrong}]
    with pytest.raises(MalformedExport):
        read(roas, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("<html></html>", id="an error page"),
        pytest.param(export_text([])[:-5], id="cut short"),
        pytest.param(b'{"metadata": {"buildtime": "2026-11-22T12:00:00Z", "\xff": 1}}', id="bytes"),
        pytest.param('{"roas": []}', id="no metadata"),
        pytest.param('{"metadata": {}, "roas": []}', id="no build time"),
        pytest.param(
            '{"metadata": {"buildtime": "2026-11-22T12:00:00"}, "roas": []}', id="no time zone"
        ),
        pytest.param(
            '{"metadata": {"buildtime": "2026-11-22T12:00:00Z"}, "roas": {}}', id="no list"
        ),
        pytest.param("[" * 100_000, id="bottomless"),
        pytest.param(f'{{"metadata": {"[" * 100_000}', id="bottomless inside"),
    ],
)
def test_what_is_not_an_export_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(MalformedExport):
        opened(text, tmp_path)


def test_an_export_that_is_too_large_or_not_there_is_refused(tmp_path: Path) -> None:
    text = export_text([])
    assert opened(text, tmp_path, largest=len(text)).built_at == NOON
    with pytest.raises(MalformedExport, match="larger than"):
        opened(text, tmp_path, largest=len(text) - 1)
    with pytest.raises(MalformedExport, match="cannot be read"):
        JsonVrps().open(VrpExport(tmp_path / "missing", "a test", ANCHORS))
