"""What happened before the dump: customers, operators, edges and speakers, all at work.

Each prefix is one situation, named after it; `Story.prefixes` says which id each has.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.net.dump_world import FakeListener, FakeSpeaker, Prefix, Service, listener, path, speaker
from tests.pdfs import pdf

WHY = "ticket 4711"
OPERATOR = "dump-operator-" + "0" * 26
_SPACE = "198.18.{}.0/24"
_ORPHANS = ("198.18.200.0/24", "198.18.201.0/24")  # one that people have decided about, one not


@dataclass
class Story:
    """Who is who, and short ways to speak."""

    service: Service
    accounts: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=lambda: {"operator": OPERATOR})
    prefixes: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    roas: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.one, self.two = speaker("one"), speaker("two")
        self.ear: FakeListener = listener(self.one, self.two)

    @property
    def speakers(self) -> list[FakeSpeaker]:
        return [self.one, self.two]

    async def operate(self, way: str, method: str = "POST", **body: Any) -> Any:
        body = {"reason": WHY, **body}
        return await self.service.result(OPERATOR, method, f"/operator{way}", json=body)

    async def customer(self, method: str, way: str, who: str = "alfa", **more: Any) -> Any:
        base = f"/accounts/{self.accounts[who]}/addressing"
        return await self.service.result(self.tokens[who], method, base + way, **more)

    async def of(self, name: str, method: str, way: str, **more: Any) -> Any:
        """Its owner's call, below a prefix."""
        known = self.prefixes[name]
        return await self.customer(method, f"/prefixes/{known['id']}{way}", known["who"], **more)

    # customers

    async def account(self, name: str) -> None:
        self.accounts[name] = (await self.operate("/accounts", name=name))["id"]
        await self.credential(name, account=name)

    async def credential(self, name: str, *, account: str | None, **more: Any) -> str:
        whose = None if account is None else self.accounts[account]
        made = await self.operate("/credentials", account_id=whose, name=name, **more)
        self.tokens[name] = made["token"]
        return str(made["id"])

    async def claim(
        self, name: str, number: int | str, who: str = "alfa", **more: Any
    ) -> dict[str, Any]:
        cidr = _SPACE.format(number) if isinstance(number, int) else number
        body = {"cidr": cidr, "asn": 64500, "description": name, **more}
        made: dict[str, Any] = await self.customer("POST", "/prefixes", who, json=body)
        token = made["ownership_validation_token"]
        self.prefixes[name] = {"id": made["id"], "cidr": cidr, "who": who, "token": token}
        return made

    async def publish(self, name: str) -> None:
        known = self.prefixes[name]
        self.service.publish(known["cidr"], known["token"])
        if known["cidr"] not in self.roas:
            self.roas.append(known["cidr"])
            await self.service.list_roas(*self.roas)

    async def validated(self, name: str) -> dict[str, Any]:
        """Asks for validation, and waits for the end of that run."""
        await self.of(name, "POST", "/validate")

        async def ended() -> Any:
            runs = await self.of(name, "GET", "/validations")
            return next((one for one in runs if one["result"]), None)

        found: dict[str, Any] = await eventually(ended)
        return found

    async def approved(self, name: str, number: int, who: str = "alfa", **more: Any) -> None:
        await self.claim(name, number, who, **more)
        await self.publish(name)
        assert (await self.validated(name))["result"] == "approved", name

    async def bound(self, name: str, number: int, who: str = "alfa", **more: Any) -> str:
        """An approved prefix with a service that every edge answers with."""
        await self.approved(name, number, who, **more)
        made = await self.bind(name)
        await self.acknowledge()
        return made

    async def bind(self, name: str, cidr: str | None = None, service: str = "CDN") -> str:
        body = {"cidr": cidr or self.prefixes[name]["cidr"], "service_id": self.kept[service]}
        made = await self.of(name, "POST", "/bindings", json=body)
        return str(made["id"])

    async def announce(self, name: str, *, wanted: bool = True) -> None:
        await self.of(name, "PATCH", "/bgp/status", json={"advertised": wanted})

    async def up(self, name: str, number: int, who: str = "alfa", **more: Any) -> None:
        """A prefix that is on the Internet."""
        await self.bound(name, number, who, **more)
        await self.announce(name)

    async def held(self, *names: str, by: FakeSpeaker | None = None, gone: bool = False) -> None:
        wanted = {Prefix.parse(self.prefixes[name]["cidr"]) for name in names}

        async def so() -> bool:
            speakers = [by] if by else self.speakers
            held = [wanted & one.paths.keys() for one in speakers]
            return all(not one if gone else one == wanted for one in held)

        await eventually(so)

    # others

    async def acknowledge(self, *edges: str) -> None:
        """Edges carry out all there is."""
        token = self.tokens["edge"]
        state = await self.service.result(token, "GET", "/operator/edge/state")
        for name in edges or ("ams1", "fra1"):
            body = {"edge": name, "feed": state["feed"], "number": state["number"]}
            await self.service.result(token, "POST", "/operator/edge/acknowledgements", json=body)

    @asynccontextmanager
    async def all_at_work(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            self.kept["app"] = await stack.enter_async_context(self.service.working())
            await stack.enter_async_context(self.service.announcing(self.speakers, self.ear))
            yield
        del self.kept["app"]

    def orphan(self) -> None:
        self.one.put(*(path(Prefix.parse(one)) for one in _ORPHANS))


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """Look again until something is there."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.05)


async def beginnings(story: Story) -> None:
    """Accounts, credentials, services, edges, reserved space, letters."""
    await story.service.operator_token(OPERATOR)
    await story.service.loads_statistics()
    for name in ("alfa", "bravo", "charlie"):
        await story.account(name)
    await story.credential("reader", account="alfa", scopes=["prefixes:read"])
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    await story.credential("expired", account="alfa", expires_at=soon)
    revoked = await story.credential("revoked", account="alfa")
    await story.operate(f"/credentials/{revoked}/revoke")
    await story.credential("edge", account=None, scopes=["edge:read", "edge:ack"])
    for service in ("Spectrum", "Retired"):
        story.kept[service] = (await story.operate("/services", name=service))["id"]
    await story.operate(f"/services/{story.kept['Retired']}/retire")
    offered = await story.customer("GET", "/services")
    story.kept["CDN"] = next(one["id"] for one in offered if one["name"] == "CDN")
    for edge in ("ams1", "fra1", "drained1", "removed1"):
        await story.operate(f"/edge/edges/{edge}", "PUT", drained=edge == "drained1")
    await story.acknowledge("ams1", "fra1", "removed1")
    await story.operate("/edge/edges/removed1/remove")
    bravo = story.accounts["bravo"]
    await story.operate("/reservations", cidr="198.18.100.0/24", account_id=bravo)
    released = await story.operate("/reservations", cidr="198.18.101.0/24")
    await story.operate(f"/reservations/{released['id']}/release")
    for cidr in ("198.18.102.0/24", "198.18.103.0/24"):
        last = await story.operate("/registry_overrides", "PUT", cidr=cidr, registry="arin")
    await story.operate(f"/registry_overrides/{last['id']}/remove")
    await story.operate("/jobs/renew_letters/stop")
    await story.operate("/jobs/close_unproven/stop")
    await story.operate("/jobs/close_unproven/start")


async def documents(story: Story) -> None:
    """A letter that was uploaded, and ROA data of which one load failed."""
    files = {"loa_document": ("ours.pdf", pdf())}
    made = await story.customer("POST", "/loa_documents", files=files)
    story.kept["loa_document"] = made["id"]
    await story.service.list_roas()
    await story.service.roas.set_fault("garbage")  # this snapshot is refused
    await story.service.roas.clear_fault()
