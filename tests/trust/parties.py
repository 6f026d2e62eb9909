"""A world whose registries are whois servers on loopback, and whose statistics are files."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from byoip.adapters.checks.ripe_rest import PreferTls, RipeRest
from byoip.adapters.checks.statistics_folder import StatisticsFolder
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.prefix import Prefix
from byoip.sandbox.whois_server import WhoisServer
from byoip.store.checks.registration_snapshots import RegistrationSnapshots
from byoip.usecases.checks.collect_evidence import CollectEvidence
from byoip.usecases.checks.refresh_registrations import RefreshRegistrations
from tests.usecases.world import LABEL, World


@dataclass
class Parties(World):
    """Real questions to real servers; `known` are the registries of the settings.

    `countries` are the settings' keys of national registries, by country.
    """

    known: dict[str, Registry] = field(default_factory=dict)
    overridden: list[tuple[Prefix, str]] = field(default_factory=list)
    countries: dict[str, str] = field(default_factory=dict)

    @property
    def registries(self) -> dict[str, Registry]:
        return self.known

    @property
    def overrides(self) -> list[tuple[Prefix, str]]:
        return self.overridden

    @property
    def ask(self) -> CollectEvidence:
        return CollectEvidence(
            self.store,
            self.clock,
            PreferTls(
                over_tls=RipeRest(self.clock, deadline=30),
                in_plain_text=WhoisRegistry(self.clock, deadline=30),
            ),
            self.dns,
            self.registries,
            self.overrides,
            self.waived,
            LABEL,
            self.deadline,
            countries=self.countries,
        )

    async def statistics(self, *rows: str) -> None:
        """Load the five files; a row is `registry|cc|ipv4|start|value|date|status|holder`."""
        folder = Path(self.directory) / "statistics"
        folder.mkdir(exist_ok=True)
        for registry in (one.key for one in RIRS):
            own = [row for row in rows if row.startswith(f"{registry}|")]
            text = _file(registry, own)
            (folder / f"delegated-{registry}-extended-latest").write_text(text)
        snapshots = RegistrationSnapshots(self.engine)
        files = StatisticsFolder(folder, self.clock)
        taken = await RefreshRegistrations(files, snapshots, self.clock)()
        assert [one.fault for one in taken] == [None] * len(RIRS)


def _file(registry: str, rows: Iterable[str]) -> str:
    # One row more, elsewhere: a file without any is refused.
    lines = [*rows, f"{registry}||ipv4|240.0.0.0|256|20260101|reserved|"]
    head = f"2|{registry}|20261122|{len(lines)}|19830101|20261121|+0000"
    kinds = Counter(row.split("|")[2] for row in lines)
    summary = [f"{registry}|*|{kind}|*|{many}|summary" for kind, many in kinds.items()]
    return "\n".join([head, *summary, *lines, ""])


@asynccontextmanager
async def whois_at(*registries: Registry) -> AsyncIterator[tuple[WhoisServer, dict[str, Registry]]]:
    """A whois server, and these registries as they are reached there."""
    server = WhoisServer()
    port = await server.start()
    try:
        there = [replace(one, host="127.0.0.1", port=port, rest_url=None) for one in registries]
        yield server, {one.key: one for one in there}
    finally:
        await server.stop()
