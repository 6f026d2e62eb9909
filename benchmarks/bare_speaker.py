"""A gobgpd alone: a bare client sends it paths that were packed before; nothing is stored."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from benchmarks.edge import Record, paths
from tests.many_routes import ipv4
from tests.real.edge import ROUTER, Edge

from byoip.adapters.gobgp import gobgp_pb2 as pb
from byoip.adapters.gobgp.paths import to_message

_BATCH = 500  # paths a message


@dataclass(frozen=True, slots=True)
class Bare:
    """What it took, in seconds.

    Attributes:
        announced, withdrawn: one path by our adapter, until the router had it, or had lost it.
        taken: very many paths, until gobgpd answered that it has them all.
        visible: the same, and until the router had them by a session that was enabled then.
    """

    announced: Sequence[float]
    withdrawn: Sequence[float]
    taken: float
    visible: float


async def bare(edge: Edge, times: int, many: int, away_seconds: float) -> Bare:
    """Measure it with the speaker `one`."""
    speaker, daemon = edge.speakers["one"], edge.daemons["one"]
    await edge.up("one")
    announced, withdrawn = [], []
    for path in paths(ipv4(times)):
        record, asked = Record(edge.router), time.time()
        await speaker.announce([path])
        seen = await record.all_of([str(path.prefix)], "added", ["one"])
        announced.append(seen[str(path.prefix)] - asked)
        record, asked = Record(edge.router), time.time()
        await speaker.withdraw([path])
        gone = await record.all_of([str(path.prefix)], "removed", ["one"])
        withdrawn.append(gone[str(path.prefix)] - asked)
    daemon.kill()
    await asyncio.sleep(away_seconds)
    daemon.start()
    return Bare(announced, withdrawn, *await _loaded(edge, ipv4(many)))


async def _loaded(edge: Edge, many: Sequence[str]) -> tuple[float, float]:
    packed = _packed(many)
    record, started = Record(edge.router), time.time()
    await edge.until_it_answers("one")
    with grpc.insecure_channel(edge.daemons["one"].target) as channel:
        asked = time.time()
        add: grpc.StreamUnaryMultiCallable[bytes, bytes]
        add = channel.stream_unary("/apipb.GobgpApi/AddPathStream")
        add(iter(packed))
        taken = time.time() - asked
    await edge.speakers["one"].enable(ROUTER)
    seen = await record.all_of(many, "added", ["one"])
    return taken, max(seen.values()) - started


def _packed(many: Sequence[str]) -> list[bytes]:
    made = [to_message(one) for one in paths(many)]
    return [
        pb.AddPathStreamRequest(
            table_type=pb.GLOBAL, paths=made[start : start + _BATCH]
        ).SerializeToString()
        for start in range(0, len(made), _BATCH)
    ]
