"""A perspective in the test's own process, around parts that the test has made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.perspectives.answering import Answering
from byoip.adapters.perspectives.perspective_client import PerspectiveClient
from byoip.cli.serving import bind, port_of, serving
from byoip.domain.checks.registry import Registry
from byoip.perspective.application import PerspectiveApp
from byoip.ports.checks.registry import RouteRegistry
from byoip.ports.clock import Clock
from tests.fakes.registry import FakeRouteRegistry
from tests.perspectives.agents import AMSTERDAM, LABEL, SystemTime, client


@asynccontextmanager
async def in_process(
    resolver: DnsLooks,
    registry: RouteRegistry | None = None,
    *registries: Registry,
    clock: Clock | None = None,
) -> AsyncIterator[PerspectiveClient]:
    core, its = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    answering = Answering(
        name=AMSTERDAM.name,
        region=AMSTERDAM.region,
        key=its,
        callers=[core.public_key()],
        clock=clock or SystemTime(),
        resolver=resolver,
        registry=registry or FakeRouteRegistry(),
        registries={one.key: one for one in registries},
        label=LABEL,
    )
    listening = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{port_of(listening)}"
    async with serving(PerspectiveApp(answering), listening):
        yield client(AMSTERDAM, url, core=core, of_it=its, clock=clock)
