"""Real servers for the tests in this directory, each started when a test first asks for it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.real import processes
from tests.real.dns_world import DnsWorld
from tests.real.dns_world import dns_world as running_dns_world
from tests.real.irrd_server import IrrdServer, irrd_server
from tests.real.parts import Part, require
from tests.real.rov import RouteOriginJudge, Vrp, route_origin_judge
from tests.real.rpki_client import RsyncServer
from tests.real.rpki_client import rsync_server as running_rsync_server

JudgeMaker = Callable[[Iterable[Vrp]], AbstractContextManager[RouteOriginJudge]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = f"{Path(__file__).parent}/"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def _dns_servers() -> Iterator[DnsWorld]:
    require(Part.KNOT, Part.UNBOUND)
    with running_dns_world() as world:
        yield world


@pytest.fixture
def dns_world(_dns_servers: DnsWorld) -> DnsWorld:
    """An empty DNS; the servers stay up from test to test, the zones do not."""
    _dns_servers.reset()
    return _dns_servers


@pytest.fixture(scope="session")
def irrd() -> Iterator[IrrdServer]:
    """One IRRd for all tests: each loads the sources it asks for, which replaces what was there."""
    require(Part.IRRD, Part.REDIS, Part.POSTGRES)
    with irrd_server() as server:
        yield server


@pytest.fixture
def rpki_workplace() -> Iterator[Path]:
    """A directory for a cache and output of rpki-client, which its own user may enter."""
    require(Part.RPKI_CLIENT)
    with processes.workplace("rpki") as directory:
        yield directory


@pytest.fixture
def rsync_server() -> Iterator[RsyncServer]:
    """An rsync daemon for a repository that rpki-client shall fetch."""
    require(Part.RPKI_CLIENT, Part.RSYNC)
    with running_rsync_server() as server:
        yield server


@pytest.fixture
def judge_by() -> JudgeMaker:
    """Makes, from VRPs, a judge of route origins: `with judge_by(vrps) as judge:`."""
    require(Part.STAYRTR, Part.RPKI_ROV)
    return route_origin_judge
