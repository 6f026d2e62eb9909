"""Trust, 3.1: text in an export or a statistics file cannot keep it from being judged and recorded.

Postgres takes no U+0000: one in a name that no setting names ended the job, without a word of why,
and left the files of the registries after it unread.
"""

from pathlib import Path

from byoip.adapters.checks.statistics_folder import StatisticsFolder
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.vrp_snapshot import Gate, GatePolicy
from byoip.ports.checks.rpki import NoExport
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasRefused
from tests.fakes.rpki import FakeVrpSource, entry, export_text
from tests.trust.parties import Parties

RegistryWorld = tuple[Parties, WhoisServer]
ODD = "evil\0\x1b[2J\u202e"


async def refused(parties: Parties, offer: str | NoExport) -> RoasRefused:
    source = FakeVrpSource(Path(parties.directory), offer)
    snapshots = VrpSnapshots(parties.engine)
    taken = await RefreshRoas(source, JsonVrps(), snapshots, GatePolicy(floor=0), parties.clock)()
    assert isinstance(taken, RoasRefused)
    kept = (await snapshots.status()).latest
    assert kept is not None
    assert [one.gate for one in kept.objections] == [one.gate for one in taken.objections]
    return taken


async def test_3_1_an_anchor_with_an_odd_name_is_named(registry_world: RegistryWorld) -> None:
    parties, _ = registry_world
    offer = export_text([entry("31.0.0.0/24", 64500, 24, ODD)], parties.clock.now())
    first, *_ = (await refused(parties, offer)).objections
    assert (first.gate, first.anchor) == (Gate.ANCHOR, "apnic")
    assert first.detail.endswith(r"anchors in the export: evil\x00\x1b[2J\u202e")


async def test_3_1_what_a_relying_party_says_as_it_fails_is_kept(
    registry_world: RegistryWorld,
) -> None:
    parties, _ = registry_world
    [said] = (await refused(parties, NoExport(f"rpki-client: {ODD}"))).objections
    assert said.gate is Gate.EXPORT


async def test_3_1_one_file_with_an_odd_serial_stops_no_other(
    registry_world: RegistryWorld,
) -> None:
    parties, _ = registry_world
    for one in RIRS:
        head = f"2|{one.key}|{ODD if one is RIRS[0] else 1}|1|19830101|20261121|+0000"
        row = f"{one.key}||ipv4|240.0.0.0|256|20260101|reserved|"
        text = "\n".join([head, f"{one.key}|*|ipv4|*|1|summary", row, ""])
        (Path(parties.directory) / f"delegated-{one.key}-extended-latest").write_text(text)
    snapshots = RegistrationSnapshots(parties.engine)
    files = StatisticsFolder(Path(parties.directory), parties.clock)
    taken = await RefreshRegistrations(files, snapshots, parties.clock)()
    assert [one.fault for one in taken] == [None] * len(RIRS)
    serials = {one.registry: one.serial for one in await snapshots.status()}
    assert serials[RIRS[0].key] == r"evil\x00\x1b[2J\xe2\x80\xae"  # read as latin-1
