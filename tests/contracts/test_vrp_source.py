"""What every source of ROA exports does, whether twin, file, feed, sandbox or program."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from byoip.adapters.checks.rpki_client import RpkiClient
from byoip.adapters.checks.vrp_exports import VrpFeed, VrpFile
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.adapters.https_download import DownloadLimits
from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoExport, VrpExport, VrpSource
from byoip.sandbox.vrp_source import ListedVrps
from tests.fakes.rpki import ANCHORS, FakeVrpSource, StoppedClock, entry, export_text
from tests.fakes.web_server import Page, web_server

ROAS = (("192.0.2.0/24", 24, 64500, "ripe"), ("2001:db8::/32", 48, 0, "apnic"))
TEXT = export_text(entry(prefix, asn, length, ta) for prefix, length, asn, ta in ROAS)
LIMITS = DownloadLimits(timedelta(seconds=30), 10_000, frozenset({"http"}))


@dataclass
class World:
    """A source, and what makes it fail."""

    source: VrpSource
    fail: Callable[[], object]


@contextmanager
def twin(directory: Path) -> Iterator[World]:
    source = FakeVrpSource(directory, TEXT)
    yield World(source, lambda: setattr(source, "offer", NoExport("told to fail")))


@contextmanager
def file(directory: Path) -> Iterator[World]:
    path = directory / "export.json"
    path.write_text(TEXT)
    yield World(VrpFile(path, ANCHORS), path.unlink)


@contextmanager
def feed(directory: Path) -> Iterator[World]:
    with web_server() as web:
        web.pages["/vrps.json"] = Page(TEXT.encode())
        source = VrpFeed(f"{web.url}/vrps.json", directory, ANCHORS, LIMITS)
        yield World(source, web.pages.clear)


@contextmanager
def sandbox(directory: Path) -> Iterator[World]:
    source = ListedVrps(directory, StoppedClock())
    source.put(Vrp(Prefix.parse(prefix), length, Asn(asn), ta) for prefix, length, asn, ta in ROAS)
    yield World(source, lambda: setattr(source, "fault", "told to fail"))


@contextmanager
def program(directory: Path) -> Iterator[World]:
    for name in ("cache", "out"):
        (directory / name).mkdir()
    (directory / "json").write_text(TEXT)
    script = directory / "program"
    script.write_text(
        '#!/bin/sh\nif [ "$1" = -V ]; then echo "rpki-client 9.7" >&2; exit 0; fi\n'
        f"cp {directory}/json {directory}/out/json\n"
    )
    script.chmod(0o755)
    tals = [directory / f"{anchor}.tal" for anchor in ANCHORS]
    source = RpkiClient(script, directory / "cache", directory / "out", tals)
    yield World(source, (directory / "json").unlink)


@pytest.fixture(params=[twin, file, feed, sandbox, program])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with request.param(tmp_path) as made:
        yield made


async def test_an_export_can_be_read_and_names_where_it_comes_from(world: World) -> None:
    export = await world.source.fetch()
    assert isinstance(export, VrpExport)
    assert export.source
    assert export.anchors >= ANCHORS
    rows = [row for batch in JsonVrps().open(export).batches for row in batch]
    found = [(row.prefix, row.max_length, row.asn, row.anchor) for row in rows]
    assert tuple(found) == ROAS


async def test_a_failure_is_no_export_with_a_reason_even_after_a_good_one(world: World) -> None:
    assert isinstance(await world.source.fetch(), VrpExport)
    world.fail()
    failed = await world.source.fetch()
    assert isinstance(failed, NoExport)
    assert failed.why
