"""rpki-client 9 on repositories of our own, from its run to what a prefix's check reads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from shutil import rmtree

import pytest

from byoip.adapters.checks.rpki_client import RpkiClient
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.adapters.system_clock import SystemClock
from byoip.domain.checks.vrp_snapshot import Gate, GatePolicy
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import NoExport, VrpExport, Vrps
from byoip.store.checks.vrp_snapshots import RoaRepository, VrpSnapshots
from byoip.usecases.checks.refresh_roas import Refreshed, RefreshRoas, RoasAccepted, RoasRefused
from tests.real import rpki_client
from tests.real.parts import program
from tests.real.rpki_client import RsyncServer
from tests.real.rpki_repository import AuthorityFault, RoaFault, RpkiRepository
from tests.store.snapshot_engine import snapshot_engine

OFFLINE = ("-n", "-S", "/dev/null")


@dataclass
class Site:
    """An operator's installation: a cache, rpki-client, a database."""

    directory: Path
    snapshots: VrpSnapshots

    def client(self, *tals: Path, options: tuple[str, ...] = OFFLINE) -> RpkiClient:
        cache, out = self.directory / "cache", self.directory / "out"
        for place in (cache, out):
            place.mkdir(exist_ok=True)
        rpki_client.hand_over(cache, out)
        timeout = timedelta(seconds=60)
        return RpkiClient(program("rpki-client"), cache, out, tals, timeout, options)

    async def refresh(self, *repositories: RpkiRepository, tal_key: str = "anchor") -> Refreshed:
        """Publish these repositories, then run as a worker would."""
        tals = [one.publish(self.directory, tal_key=tal_key).tal for one in repositories]
        return await self.run(self.client(*tals))

    async def run(self, client: RpkiClient) -> Refreshed:
        # Build times are whole seconds, and the next must be later than the last.
        await asyncio.sleep(1.01)
        policy = GatePolicy(floor=1)
        return await RefreshRoas(client, JsonVrps(), self.snapshots, policy, SystemClock())()

    async def origins(self, prefix: str) -> set[int]:
        """The origins of all VRPs in use that cover a prefix."""
        async with self.snapshots.engine.connect() as connection:
            answer = await RoaRepository(connection, SystemClock()).about(Prefix.parse(prefix))
        assert isinstance(answer, Vrps)
        return {vrp.asn.number for vrp in answer.covering}


@pytest.fixture
async def site(rpki_workplace: Path, database_url: str) -> AsyncIterator[Site]:
    async with snapshot_engine(database_url) as engine:
        yield Site(rpki_workplace, VrpSnapshots(engine))


def repository(
    name: str = "first", *, origin: int = 64500, fault: AuthorityFault = AuthorityFault.NONE
) -> RpkiRepository:
    """One authority with three ROAs, that may be lost, and one with a ROA that is not."""
    made = RpkiRepository(name)
    made.add_authority("alice", "192.0.2.0/24", "2001:db8::/32", fault=fault)
    for asn in range(origin, origin + 3):
        made.add_roa("alice", asn, "192.0.2.0/24", max_length=25)
    made.add_authority("bob", "198.51.100.0/24")
    made.add_roa("bob", origin, "198.51.100.0/24")
    return made


async def test_good_roas_are_in_use_and_each_bad_one_is_lost_alone(site: Site) -> None:
    made = repository()
    for number, fault in enumerate(fault for fault in RoaFault if fault is not RoaFault.NONE):
        made.add_roa("alice", 65000 + number, "192.0.2.0/24", fault=fault)
    made.add_roa("alice", 64999, "203.0.113.0/24")  # not hers: an overclaim
    made.add_roa("alice", 0, "2001:db8::/32")
    accepted = await site.refresh(made)
    assert isinstance(accepted, RoasAccepted)
    assert accepted.tally.counts == {"first": 5}
    assert await site.origins("192.0.2.0/24") == {64500, 64501, 64502}
    assert await site.origins("2001:db8:1::/48") == {0}
    assert await site.origins("203.0.113.0/24") == set()


@pytest.mark.parametrize(
    "fault",
    [fault for fault in AuthorityFault if fault is not AuthorityFault.NONE],
    ids=lambda fault: fault.name,
)
async def test_an_authority_that_takes_half_the_roas_with_it_is_not_believed_gone(
    site: Site, fault: AuthorityFault
) -> None:
    good = await site.refresh(repository())
    assert isinstance(good, RoasAccepted)
    refused = await site.refresh(repository(fault=fault))
    assert isinstance(refused, RoasRefused)
    assert [one.gate for one in refused.objections] == [Gate.ANCHOR]
    assert await site.origins("192.0.2.0/24") == {64500, 64501, 64502}


async def test_an_empty_list_with_exit_status_0_does_not_become_a_snapshot(site: Site) -> None:
    both = repository("first"), repository("second", origin=64600)
    good = await site.refresh(*both)
    assert isinstance(good, RoasAccepted)
    assert good.tally.counts == {"first": 4, "second": 4}
    empty = await site.refresh(*both, tal_key="another")
    assert isinstance(empty, RoasRefused)
    assert [one.gate for one in empty.objections] == [Gate.ANCHOR, Gate.ANCHOR, Gate.FLOOR]
    known = {64500, 64501, 64502, 64600, 64601, 64602}
    assert await site.origins("192.0.2.0/24") == known


async def test_not_even_the_first_snapshot_may_lack_a_trust_anchor(site: Site) -> None:
    good = repository("first").publish(site.directory).tal
    lost = repository("second").publish(site.directory, tal_key="another").tal
    refused = await site.run(site.client(good, lost))
    assert isinstance(refused, RoasRefused)
    assert [one.detail for one in refused.objections] == [
        "second has 0 entries, 0 at best in the last seven days; anchors in the export: first"
    ]
    assert (await site.snapshots.status()).current is None


def broken_tal(client: RpkiClient) -> None:
    client.tals[0].write_text("no locator\n")


def missing_tal(client: RpkiClient) -> None:
    client.tals[0].unlink()


def no_output_directory(client: RpkiClient) -> None:
    rmtree(client.output_dir)


@pytest.mark.parametrize("spoil", [broken_tal, missing_tal, no_output_directory])
async def test_a_run_that_fails_is_no_export(
    site: Site, spoil: Callable[[RpkiClient], None]
) -> None:
    client = site.client(repository().publish(site.directory).tal)
    assert isinstance(await client.fetch(), VrpExport)
    spoil(client)
    failed = await client.fetch()
    assert isinstance(failed, NoExport)
    assert "status 1" in failed.why


async def test_repositories_are_fetched_from_their_servers(
    site: Site, rsync_server: RsyncServer
) -> None:
    made = RpkiRepository("remote", host=rsync_server.host)
    made.add_authority("alice", "192.0.2.0/24")
    made.add_roa("alice", 64500, "192.0.2.0/24")
    tal = made.publish(rsync_server.directory).tal
    accepted = await site.run(site.client(tal, options=("-S", "/dev/null")))
    assert isinstance(accepted, RoasAccepted)
    assert await site.origins("192.0.2.0/24") == {64500}
    export = await site.client(tal, options=("-S", "/dev/null")).fetch()
    assert isinstance(export, VrpExport)
    assert export.source.startswith("rpki-client")
    assert export.anchors == {"remote"}
