"""Short ways to look at the service after it was brought up on a dump."""

from dataclasses import dataclass, field
from typing import Any

import psycopg
from procrastinate import App

from tests.announcing import until
from tests.net.dump_files import Dump
from tests.net.dump_world import (
    CLOCKWORK,
    FakeListener,
    FakeSpeaker,
    Prefix,
    Service,
    listener,
    path,
    speaker,
)

OFFBOARD = CLOCKWORK["offboard"]
PEER = "127.0.0.2"


@dataclass
class After:
    """The service of today on a database of then."""

    dump: Dump
    service: Service
    url: str
    speakers: list[FakeSpeaker] = field(default_factory=list)
    ear: FakeListener | None = None

    @property
    def known(self) -> Any:
        return self.dump.known

    def cidr(self, name: str) -> Prefix:
        return Prefix.parse(self.known["prefixes"][name]["cidr"])

    def id(self, name: str) -> str:
        return str(self.known["prefixes"][name]["id"])

    async def of(self, name: str, way: str = "", method: str = "GET", **more: Any) -> Any:
        """Its owner's call, below a prefix."""
        who = self.known["prefixes"][name]["who"]
        base = f"/accounts/{self.known['accounts'][who]}/addressing/prefixes/{self.id(name)}"
        return await self.service.result(self.known["tokens"][who], method, base + way, **more)

    async def operate(self, way: str, method: str = "GET", **more: Any) -> Any:
        token = self.known["tokens"]["operator"]
        return await self.service.result(token, method, f"/operator{way}", **more)

    async def kinds(self, name: str) -> list[str]:
        """What happened to it, in order; the numbers have no gaps."""
        found = await self.of(name, "/events?per_page=1000")
        assert [one["number"] for one in found] == list(range(1, len(found) + 1))
        return [one["kind"] for one in found]

    async def newest_run(self, name: str) -> Any:
        found = await self.of(name, "/validations")
        return max(found, key=lambda one: str(one["created_at"]))

    async def bring_twins(self) -> None:
        """The speakers went on all the while, with what they held and their sessions up."""
        for name, held in sorted(self.known["held"].items()):
            one = speaker(name)
            one.put(*(path(Prefix.parse(cidr), prepend) for cidr, prepend in held))
            await one.enable(PEER)
            one.asked.clear()
            self.speakers.append(one)
        self.ear = listener(*self.speakers)

    def holding(self, *names: str) -> bool:
        """Whether every speaker holds all of these."""
        wanted = {self.cidr(name) for name in names}
        return all(wanted <= one.paths.keys() for one in self.speakers)

    def taken(self) -> set[Prefix]:
        """What any speaker was told to withdraw, or the peer saw go."""
        told = {
            path.prefix
            for one in self.speakers
            for method, paths in one.asked
            if method == "withdraw"
            for path in paths
        }
        return told | set(self.ear.withdrawals() if self.ear else ())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def settled(self) -> bool:
        """Whether every change was seen at every stage."""
        waiting = "settled < change AND advertised_modified_at IS NOT NULL"
        return not self.rows(f"SELECT FROM bgp_prefixes WHERE {waiting}")

    def jobs(self) -> dict[int, tuple[str, str]]:
        """The queue: of each job its task and its status."""
        query = "SELECT id, task_name, status::text FROM procrastinate.procrastinate_jobs"
        return {number: (task, status) for number, task, status in self.rows(query)}

    async def offboards(self, app: App) -> None:
        """The clock asks for it, and all that asked for it is done."""
        await self.service.strikes(app, "offboard")

        def over() -> bool:
            of_it = [status for task, status in self.jobs().values() if task == OFFBOARD]
            return not {"todo", "doing"} & set(of_it)

        await until(over)
