"""The sandbox of a process: a small Internet, its control API, and what pages offer of it.

Loaded by name, where a sandbox was asked for: in production nothing of it is reachable.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.types import ASGIApp

from byoip.adapters.system_clock import SystemClock
from byoip.composition.external_services import ExternalServices, sandbox_services
from byoip.composition.process import Composition
from byoip.sandbox.control import create_control
from byoip.sandbox.internet import SandboxInternet
from byoip.sandbox.places import add_place_routes
from byoip.sandbox.portal import SandboxPortal
from byoip.sandbox.roas import SandboxRoas
from byoip.sandbox.statistics import SandboxStatistics
from byoip.sandbox.tokens import SandboxTokens
from byoip.sandbox.vrp_source import ListedVrps
from byoip.settings.model import Settings
from byoip.web.sandbox.panel import sandbox_routes
from byoip.web.site import SandboxPages


class Sandbox:
    """A small Internet that has started; its ROA data is there once `control` was made."""

    def __init__(self, internet: SandboxInternet, directory: Path) -> None:
        self._internet = internet
        self._directory = directory
        self._roas: SandboxRoas | None = None

    def services(self, settings: Settings) -> ExternalServices:
        """The outside parties that checks ask."""
        return sandbox_services(
            settings,
            whois_port=self._internet.whois_port,
            names=self._internet.resolver,
            statistics=SandboxStatistics(SystemClock()),
            rdap_urls=self._internet.rdap.urls,
        )

    async def control(self, composition: Composition) -> ASGIApp:
        """The control API; it must listen on loopback only. Loads ROA data that has nothing."""
        source = ListedVrps(self._directory, composition.clock)
        self._roas = roas = SandboxRoas(source, composition.refresh_roas(source))
        await roas.put([])
        internet = self._internet
        tokens = SandboxTokens(composition.store)
        control = create_control(internet.whois, internet.names, roas, internet.rdap, tokens)
        add_place_routes(control, internet.places)
        return control

    def pages(self) -> SandboxPages | None:
        """What pages offer of it."""
        if self._roas is None:
            return None
        portal = SandboxPortal(self._internet, self._roas)
        return SandboxPages(portal, sandbox_routes(portal))


@asynccontextmanager
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox, until the block ends."""
    internet = SandboxInternet()
    await internet.start()
    try:
        with TemporaryDirectory(prefix="byoip-sandbox-") as directory:
            yield Sandbox(internet, Path(directory))
    finally:
        await internet.stop()
