from datetime import UTC, datetime, timedelta
from pathlib import Path

from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoExport, VrpExport
from byoip.ports.checks.snapshots import VrpDocument
from byoip.sandbox.control import AspaRow
from byoip.sandbox.roas import SandboxRoas
from byoip.sandbox.vrp_source import ListedVrps
from tests.fakes.rpki import NOON, StoppedClock

VRP = Vrp(Prefix.parse("192.0.2.0/24"), 25, Asn(64500), "sandbox")


async def opened(source: ListedVrps) -> VrpDocument:
    export = await source.fetch()
    assert isinstance(export, VrpExport)
    return JsonVrps().open(export)


async def test_the_whole_list_is_exported_whatever_its_trust_anchors(tmp_path: Path) -> None:
    source = ListedVrps(tmp_path, StoppedClock())
    expires = datetime(2030, 1, 1, tzinfo=UTC)
    source.put([VRP, Vrp(VRP.prefix, 24, Asn(0), "ripe", expires)])
    document = await opened(source)
    rows = [row for batch in document.batches for row in batch]
    assert [(row.asn, row.max_length, row.anchor, row.expires) for row in rows] == [
        (64500, 25, "sandbox", None),
        (0, 24, "ripe", 1893456000),
    ]


async def test_its_age_and_its_failure_can_be_set(tmp_path: Path) -> None:
    source = ListedVrps(tmp_path, StoppedClock())
    assert (await opened(source)).built_at == NOON
    source.age = timedelta(hours=25)
    assert (await opened(source)).built_at == NOON - timedelta(hours=25)
    source.fault = "told to"
    assert await source.fetch() == NoExport("told to")


async def test_aspas_are_exported_beside_them(tmp_path: Path) -> None:
    async def nothing() -> None:
        return None

    source = ListedVrps(tmp_path, StoppedClock())
    roas = SandboxRoas(source, nothing)
    await roas.put_aspas([AspaRow(customer_asid=64501, providers=[64500, 64502])])
    await roas.set_fault("stale")
    await roas.clear_fault()
    (entry,) = (await opened(source)).aspas.rows
    assert (entry.customer, entry.providers) == (64501, (64500, 64502))
