"""Our origin validation, from the export to the verdict, against rpki-rov on the same VRPs."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from byoip.adapters.checks.vrp_exports import VrpFile
from byoip.adapters.checks.vrp_json import JsonVrps
from byoip.domain.asn import Asn
from byoip.domain.checks.origin_validation import validate_origin
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rpki import Vrps
from byoip.store.checks.vrp_snapshots import RoaRepository, VrpSnapshots
from byoip.usecases.checks.refresh_roas import RefreshRoas, RoasAccepted
from tests.fakes.rpki import NOON, StoppedClock
from tests.real.rov import Route, RouteOriginJudge, Vrp, vrp_json
from tests.store.snapshot_engine import snapshot_engine

ORIGINS = (0, 1, 2, 64500, 4200000000, 2**32 - 1)
DICE = random.Random(6811)  # noqa: S311 - the same VRPs and routes in every run


def network(length: int, *, wide: bool) -> str:
    """A random prefix in a corner of the address space small enough for collisions."""
    if wide:
        bits = 0x2001_0DB8 << (length - 32) | DICE.getrandbits(length - 32)
        return str(IPv6Network((bits << (128 - length), length)))
    bits = 10 << (length - 8) | DICE.getrandbits(length - 8)
    return str(IPv4Network((bits << (32 - length), length)))


def vrps(count: int) -> list[Vrp]:
    made: list[Vrp] = []
    for number in range(count):
        wide = number % 2 == 0
        length = DICE.randint(38, 46) if wide else DICE.randint(14, 22)
        longest = DICE.randint(length, 48 if wide else 24)
        made.append((network(length, wide=wide), longest, DICE.choice(ORIGINS)))
    return made


def routes(count: int) -> list[Route]:
    made: list[Route] = []
    for number in range(count):
        wide = number % 2 == 0
        length = DICE.randint(38, 48) if wide else DICE.randint(14, 24)
        made.append((network(length, wide=wide), DICE.choice(ORIGINS)))
    return made


@pytest.mark.parametrize("many", [2000, pytest.param(10_000, marks=pytest.mark.long)])
async def test_random_routes_are_judged_as_rpki_rov_does(
    judge_by: Callable[[Iterable[Vrp]], AbstractContextManager[RouteOriginJudge]],
    database_url: str,
    tmp_path: Path,
    many: int,
) -> None:
    known, asked = vrps(1200), routes(many)
    with judge_by(known) as judge:
        expected = judge.judge(asked)
    assert min(Counter(expected).values()) > many / 20, "each verdict must be well represented"
    assert await our_verdicts(known, asked, database_url, tmp_path) == expected


async def our_verdicts(
    known: list[Vrp], asked: list[Route], database_url: str, directory: Path
) -> list[str]:
    file = directory / "vrps.json"
    file.write_text(vrp_json(known, built=f"{NOON:%Y-%m-%dT%H:%M:%SZ}"))
    source, clock = VrpFile(file, frozenset({"test"})), StoppedClock()
    async with snapshot_engine(database_url) as engine:
        policy = GatePolicy(floor=1)
        refresh = RefreshRoas(source, JsonVrps(), VrpSnapshots(engine), policy, clock)
        assert isinstance(await refresh(), RoasAccepted)
        async with engine.connect() as connection:
            tx = RoaRepository(connection, clock)
            return [await verdict(tx, *route) for route in asked]


async def verdict(tx: RoaRepository, prefix: str, origin: int) -> str:
    route = Prefix.parse(prefix)
    answer = await tx.about(route)
    assert isinstance(answer, Vrps)
    judged = validate_origin(route, Asn(origin), answer.covering, now=NOON)
    return judged.validity.replace("_", "")
