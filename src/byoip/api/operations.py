"""Health, metrics and the error page: at the root, without credentials; unknown queries ignored."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Final, TypeAlias

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from byoip.api.border.answers import JsonBytes
from byoip.api.border.backend import Backend, Probe
from byoip.api.document.error_page import ABOUT_NAMES, INTRODUCTION, error_cells, explained
from byoip.api.paced import Paced
from byoip.api.pages import Pages
from byoip.store.gauges import Gauge, Gauges
from byoip.store.unavailable import StoreUnavailable
from byoip.usecases.checks.capabilities import Capabilities, Capability

PROBE_SECONDS = 2.0
OK: Final = "ok"
AWAY: Final = Gauge("byoip_database_up", "Whether this process reaches the database.", [("", 0)])

BUILD: Final = Gauge(
    "byoip_build_info", "1, with the version of this process.", [(version("byoip"), 1)], "version"
)

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


async def healthz(_: Request) -> Response:
    """Whether this process is alive; it asks no other part."""
    return JsonBytes(b'{"status":"ok"}')


def readyz(probes: Mapping[str, Probe], capabilities: Capabilities | None = None) -> Endpoint:
    """Whether this process can serve: no probe complains.

    With `?verbose`, each capability as well: what is missing, since when, and the remedy. None of
    them makes it not ready.
    """
    standing = readiness(probes)

    async def ready(request: Request) -> Response:
        checks = await standing()
        fine = all(one == OK for one in checks.values())
        told: dict[str, object] = {"status": "ready" if fine else "not ready", "checks": checks}
        if capabilities and "verbose" in request.query_params:
            told["capabilities"] = {one.name: _shown(one) for one in await capabilities.now()}
        return JsonBytes(msgspec.json.encode(told), 200 if fine else 503)

    return ready


def readiness(probes: Mapping[str, Probe]) -> Paced[Mapping[str, str]]:
    """What each probe says, or `ok`: asked seldom, however many ask us."""

    async def look() -> Mapping[str, str]:
        complaints = await asyncio.gather(*(_complaint(probe) for probe in probes.values()))
        return {name: why or OK for name, why in zip(probes, complaints, strict=True)}

    return Paced(look)


def metrics(backend: Backend) -> Endpoint:
    """In Prometheus' text format."""

    async def render() -> bytes:
        return generate_latest(backend.metrics) + await _service_wide(backend.gauges)

    paced = Paced(render)

    async def latest(_: Request) -> Response:
        return Response(await paced(), headers={"content-type": CONTENT_TYPE_LATEST})

    return latest


async def _service_wide(gauges: Gauges) -> bytes:
    """The gauges that are the same for all processes; a database that is away is one of them."""
    try:
        read = [*await gauges.read(), replace(AWAY, values=[("", 1)])]
    except StoreUnavailable:
        read = [AWAY]
    registry = CollectorRegistry()
    registry.register(_Collected([BUILD, *read]))
    return generate_latest(registry)


class _Collected(Collector):
    """Gauges as Prometheus' library wants them."""

    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give each as a family."""
        for gauge in self._gauges:
            labels = [gauge.label] if gauge.label else []
            family = GaugeMetricFamily(gauge.name, gauge.explanation, labels=labels)
            for label, value in gauge.values:
                family.add_metric([label] if labels else [], value)
            yield family


def error_page(pages: Pages) -> Endpoint:
    """Every error, explained; the anchors are the names."""
    page = pages.errors(INTRODUCTION, error_cells(), ABOUT_NAMES, explained())

    async def errors(_: Request) -> Response:
        return page

    return errors


def _shown(capability: Capability) -> dict[str, str | None]:
    found = capability.found
    return {
        "state": "missing" if found.lacking else "ok",
        "since": f"{capability.since:%Y-%m-%dT%H:%M:%SZ}",
        "missing": found.lacking or None,
        "remedy": found.remedy or None,
    }


async def _complaint(probe: Probe) -> str | None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await probe()
    except TimeoutError:
        return f"no answer within {PROBE_SECONDS:g} s"
