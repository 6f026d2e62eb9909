"""What ROA data says about a prefix, whether from the twin or from Postgres."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import Vrp
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import RoaData, Vrps
from byoip.ports.checks.snapshots import VrpDocument
from byoip.store.checks.vrp_snapshots import RoaRepository, VrpSnapshots
from tests.fakes.rpki import NOON, FakeRoaData, StoppedClock
from tests.store.snapshot_engine import snapshot_engine
from tests.store.test_vrp_snapshots import Row

Making = Callable[[Sequence[Vrp]], Awaitable[RoaData]]


async def twin(vrps: Sequence[Vrp]) -> RoaData:
    return FakeRoaData(vrps)


@pytest.fixture(params=["twin", "postgres"])
async def roa_data(request: pytest.FixtureRequest) -> AsyncIterator[Making]:
    if request.param == "twin":
        yield twin
        return
    url = request.getfixturevalue("database_url")
    async with snapshot_engine(url) as engine, engine.connect() as connection:

        async def stored(vrps: Sequence[Vrp]) -> RoaData:
            rows = [Row(str(v.prefix), v.asn.number, v.max_length, v.anchor) for v in vrps]
            async with VrpSnapshots(engine).exclusive() as tx:
                document = VrpDocument(NOON, "0" * 64, [rows])
                loaded = await tx.load(document, source="a test", at=NOON)
                await tx.accept(loaded.number)
            return RoaRepository(connection, StoppedClock())

        yield stored


@pytest.mark.parametrize(
    ("prefix", "covering", "inside"),
    [
        pytest.param("10.0.0.0/16", ["10.0.0.0/8", "10.0.0.0/16"], ["10.0.1.0/24"], id="between"),
        pytest.param("10.0.1.0/25", ["10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24"], [], id="inside"),
        pytest.param("0.0.0.0/0", [], ["10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24"], id="around"),
        pytest.param("10.128.0.0/9", ["10.0.0.0/8"], [], id="beside"),
        pytest.param("192.0.2.0/24", [], [], id="elsewhere"),
        pytest.param("2001:db8::/32", ["2001:db8::/32"], [], id="the other family"),
        pytest.param("::/0", [], ["2001:db8::/32"], id="around, the other family"),
    ],
)
async def test_vrps_that_cover_and_vrps_inside(
    roa_data: Making, prefix: str, covering: list[str], inside: list[str]
) -> None:
    known = ("10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "2001:db8::/32")
    vrps = [Vrp(Prefix.parse(one), 32, Asn(n), "ripe") for n, one in enumerate(known)]
    answer = await (await roa_data(vrps)).about(Prefix.parse(prefix))
    assert isinstance(answer, Vrps)
    assert [str(vrp.prefix) for vrp in answer.covering] == covering
    assert [str(vrp.prefix) for vrp in answer.inside] == inside
    assert {*answer.covering, *answer.inside} <= set(vrps)
