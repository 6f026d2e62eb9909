"""The service around a database that was dumped: API, worker and speakers' twins, in one loop.

All that the tests of dumps import from `byoip` is imported here, and nowhere else: what is renamed
there is renamed here, and no dump and no test of one changes.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from procrastinate import App

from byoip.adapters.postgres.embedded import EmbeddedPostgres
from byoip.adapters.system_clock import SystemClock
from byoip.cli.stopping import ended
from byoip.composition import sandbox_services
from byoip.composition.api import api_of
from byoip.composition.process import Composition
from byoip.composition.worker import worker_of
from byoip.domain.prefix import Prefix
from byoip.ports import jobs
from byoip.sandbox.control import VrpRow
from byoip.sandbox.internet import SandboxInternet
from byoip.sandbox.roas import SandboxRoas
from byoip.sandbox.statistics import SandboxStatistics
from byoip.sandbox.vrp_source import ListedVrps
from byoip.sandbox.whois_server import IrrFault
from byoip.settings.model import Settings
from byoip.store.migrating import migrate
from byoip.usecases.letters.generate_letter import GenerateLetter
from byoip.usecases.letters.renew_letters import RenewLetters
from byoip.worker.pace import Pace
from byoip.worker.tasks import LetterWork
from tests.announcing import Fleet, listener, path, reconciling, speaker
from tests.fakes.letters import FakePress, FakeSigner
from tests.fakes.speaker import FakeListener, FakeSpeaker, Trouble
from tests.fakes.tokens import RandomHex

__all__ = [
    "CLOCKWORK",
    "FakeListener",
    "FakeSpeaker",
    "IrrFault",
    "Prefix",
    "Service",
    "Trouble",
    "bring_up_to_date",
    "listener",
    "path",
    "running",
    "serving_postgres",
    "speaker",
]

MODE: Final = "sandbox"
ROOT = "http://byoip.test"
LABEL = "byoip-validation"
_QUEUES = [*jobs.QUEUES, jobs.LETTER_QUEUE]
# What the clock asks for, several times a minute, of every worker.
CLOCKWORK = {
    "rescue": jobs.RESCUE_RUNS,
    "offboard": jobs.OFFBOARD,
    "settle": jobs.SETTLE_BINDINGS,
    "expire": jobs.END_EXPIRED_DELEGATIONS,
    "reevaluate": jobs.REEVALUATE_CLAIMS,
    "renew": jobs.RENEW_LETTERS,
}
# A route that a twin was told of a moment late must not be rolled back on a busy machine.
_PATIENT = Pace(every=timedelta(seconds=0.3), rest=0, absent_for=timedelta(seconds=60), probe=0.05)


def bring_up_to_date(url: str) -> None:
    """Migrate with the code of today."""
    migrate(url, MODE)


def serving_postgres(directory: Path) -> EmbeddedPostgres:
    """A server of its own, for the program that makes a dump."""
    return EmbeddedPostgres(directory, durable=False)


@dataclass
class Service:
    """What `byoip up --sandbox` is made of; announcing is done by twins."""

    composition: Composition
    internet: SandboxInternet
    roas: SandboxRoas
    http: httpx.AsyncClient

    async def ask(self, token: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Over the API, below /client/v4."""
        headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
        url = f"{ROOT}/client/v4{path}"
        return await self.http.request(method, url, headers=headers, **more)

    async def result(self, token: str, method: str, path: str, **more: Any) -> Any:
        """The result of a call that must succeed."""
        answer = await self.ask(token, method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json()["result"]

    async def public(self, path: str) -> httpx.Response:
        """What needs no credential."""
        return await self.http.get(f"{ROOT}{path}", headers={"accept": "application/json"})

    async def trouble(self) -> str | None:
        """Why it must not serve; None if it may."""
        return await self.composition.trouble()

    async def loads_statistics(self) -> None:
        """Take the registries' statistics."""
        await self.composition.refresh_registrations()()

    async def operator_token(self, token: str) -> None:
        """Mint an operator's first credential, with a token that is known."""
        async with self._fleet.engine.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO credentials (id, name, token_sha256, scopes, created_at)"
                " VALUES (gen_random_uuid(), 'first operator', sha256(%s), '{operator}', now())",
                (token.encode(),),
            )

    def publish(self, cidr: str, token: str | None, *, origin: int = 64500) -> None:
        """A route object for a /24, and a token in its reverse zone."""
        text = f"route: {cidr}\norigin: AS{origin}\nmnt-by: A-MNT\nsource: RIPE\n"
        self.internet.whois.put("RIPE", text.encode())
        if token is not None:
            first, second, third, _ = cidr.split(".")
            owner = f"{LABEL}.{third}.{second}.{first}.in-addr.arpa"
            self.internet.names.put_txt(owner, [token])

    async def list_roas(self, *cidrs: str) -> None:
        """Make a snapshot of ROAs for these the one in use."""
        rows = [
            VrpRow(prefix=one, asn=64500, maxLength=int(one.split("/")[1]), ta="ripe")
            for one in cidrs
        ]
        await self.roas.put(rows)

    @asynccontextmanager
    async def working(self, *, queues: Sequence[str] = (), at_once: int = 5) -> AsyncIterator[App]:
        """A worker with every task; none of its jobs is waited for at the end."""
        app = worker_of(self.composition, None, self._letters)
        async with app.open_async():
            task = asyncio.create_task(
                app.run_worker_async(
                    queues=list(queues or _QUEUES),
                    concurrency=at_once,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=0.1,
                    shutdown_graceful_timeout=0.1,
                )
            )
            try:
                yield app
                if task.done():
                    await task
            finally:
                await ended(task, patience=2)

    async def strikes(self, app: App, *kinds: str) -> None:
        """The clock asks for these, now."""
        for kind in kinds:
            queue = jobs.LETTER_QUEUE if kind == "renew" else jobs.DEFAULT_QUEUE
            job = app.configure_task(CLOCKWORK[kind], queue=queue)
            await job.defer_async(timestamp=0)

    @asynccontextmanager
    async def announcing(
        self, speakers: Sequence[FakeSpeaker], hears: FakeListener
    ) -> AsyncIterator[None]:
        """A reconciler; each speaker is a stage of its own."""
        async with reconciling(self._fleet, *speakers, listeners=[hears], pace=_PATIENT):
            yield

    @property
    def _fleet(self) -> Fleet:
        return Fleet(self.composition.engine)

    @property
    def _letters(self) -> LetterWork:
        store, clock = self.composition.store, self.composition.clock
        outside = self.composition.outside
        generate = GenerateLetter(
            *(store, clock, RandomHex(), FakePress(), FakeSigner(), "Example", "noc@example.net"),
            registries=outside.registries,
            overrides=self.composition.overrides,
        )
        return LetterWork(generate, RenewLetters(store, clock))


@asynccontextmanager
async def running(url: str, directory: Path, **settings: Any) -> AsyncIterator[Service]:
    """The service on a migrated database, with a small Internet of its own."""
    async with AsyncExitStack() as stack:
        internet = SandboxInternet()
        await internet.start()
        stack.push_async_callback(internet.stop)
        chosen = Settings.model_validate(
            {"validations_per_prefix": 0, "validations_per_account": 0, **settings}
        )
        outside = sandbox_services(
            chosen,
            whois_port=internet.whois_port,
            names=internet.resolver,
            statistics=SandboxStatistics(SystemClock()),
        )
        composition = Composition(chosen, url, MODE, outside)
        stack.push_async_callback(composition.close)
        await composition.offer_services()
        source = ListedVrps(directory, composition.clock)
        roas = SandboxRoas(source, composition.refresh_roas(source))
        transport = httpx.ASGITransport(api_of(composition, ROOT), raise_app_exceptions=False)
        http = await stack.enter_async_context(httpx.AsyncClient(transport=transport))
        yield Service(composition, internet, roas, http)
