import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.application import bare_application
from byoip.api.border import rate_limiting
from byoip.api.border.access_log import AccessLog
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.api.border.refusals import RateLimited
from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.limits import Lease, Limits
from byoip.store.accounts.rate_limits import RateWindows
from byoip.store.unavailable import StoreUnavailable
from tests.api.test_tenancy import outcome
from tests.api.world import World
from tests.store.samples import credential
from tests.store.test_rate_limits import let_time_pass

NO_LIMITS = Limits(0, 0, 0, 0, 0)


@dataclass
class CountingWindows(RateWindows):
    """The real ones, counting round trips."""

    inner: RateWindows
    leases: int = 0
    away: bool = False

    async def lease(self, who: UUID, *, limit: int, most: int) -> Lease:
        self.leases += 1
        if self.away:
            raise StoreUnavailable
        return await self.inner.lease(who, limit=limit, most=most)


Making = Callable[[Limits], tuple[RequestLimiter, CountingWindows]]


@pytest.fixture
def process(engine: AsyncEngine) -> Making:
    """A limiter as each process has one."""

    def make(limits: Limits) -> tuple[RequestLimiter, CountingWindows]:
        windows = CountingWindows(RateWindows(engine))
        return RequestLimiter(windows, limits), windows

    return make


async def admitted(limiter: RequestLimiter, who: Credential, times: int) -> int:
    """How many of so many requests were let in."""
    said = await asyncio.gather(
        *(limiter.admit(who, {}) for _ in range(times)), return_exceptions=True
    )
    assert {type(one) for one in said} <= {type(None), RateLimited}
    return said.count(None)


async def test_one_process_keeps_a_limit_exactly_with_few_leases(process: Making) -> None:
    limiter, windows = process(replace(NO_LIMITS, per_credential=1200))
    assert await admitted(limiter, credential(None), 2000) == 1200
    assert windows.leases <= 1200 // 18


async def test_processes_that_take_turns_let_in_the_limit_and_not_one_more(process: Making) -> None:
    who, limits = credential(None), replace(NO_LIMITS, per_credential=240)
    processes = [process(limits) for _ in range(3)]
    granted = [
        sum([await admitted(limiter, who, 1) for limiter, _ in processes])
        for _ in range(150)  # as behind a load balancer
    ]
    assert sum(granted) == 240
    assert granted[:75] == [3] * 75, "no account is refused while much is left"
    assert sum(windows.leases for _, windows in processes) <= 240 // 2


async def test_processes_that_are_asked_all_at_once_let_in_the_limit_and_not_one_more(
    process: Making,
) -> None:
    who, limits = credential(None), replace(NO_LIMITS, per_credential=1200)
    processes = [process(limits) for _ in range(3)]
    granted = await asyncio.gather(*(admitted(limiter, who, 1500) for limiter, _ in processes))
    assert sum(granted) == 1200


async def test_what_a_process_holds_unused_is_no_more_than_it_let_in_or_a_first_block(
    process: Making,
) -> None:
    who, limits = credential(None), replace(NO_LIMITS, per_credential=1200)
    quiet = [process(limits)[0] for _ in range(2)]
    for limiter in quiet:
        assert await admitted(limiter, who, 1) == 1
    busy, _ = process(limits)
    first = 50 // 8
    assert await admitted(busy, who, 1500) == 1200 - 2 * first
    assert await admitted(quiet[0], who, 10) == first - 1, "they are not lost to who asks there"


async def test_permits_are_good_for_their_window_only(
    process: Making, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, limits = credential(None), replace(NO_LIMITS, per_credential=240)
    one, windows = process(limits)
    assert await admitted(one, who, 1) == 1
    await let_time_pass(engine, 200)
    assert await admitted(one, who, 2) == 2  # leased with what is left of the window
    leased = windows.leases
    await let_time_pass(engine, 100)
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 100)
    monkeypatch.setattr(rate_limiting, "time", later)
    granted = await asyncio.gather(
        *(admitted(limiter, who, 300) for limiter in [one, process(limits)[0]])
    )
    assert windows.leases > leased
    assert sum(granted) == 240


async def test_without_the_database_what_is_held_is_used_up_and_no_other_let_in(
    process: Making,
) -> None:
    who = credential(None)
    limiter, windows = process(replace(NO_LIMITS, per_credential=1200))
    assert await admitted(limiter, who, 1) == 1
    windows.away = True
    assert await admitted(limiter, who, 5) == 5
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await limiter.admit(who, {})
    windows.away = False
    assert await admitted(limiter, who, 1) == 1


async def test_who_is_refused_costs_no_more_round_trips_until_the_window_ends(
    process: Making, engine: AsyncEngine
) -> None:
    limiter, windows = process(replace(NO_LIMITS, per_credential=2))
    who = credential(None)
    assert await admitted(limiter, who, 5) == 2
    asked = windows.leases
    assert await admitted(limiter, who, 100) == 0
    assert windows.leases == asked
    await let_time_pass(engine, 300)
    fresh, _ = process(replace(NO_LIMITS, per_credential=2))
    assert await admitted(fresh, who, 5) == 2


async def test_credentials_of_one_account_share_its_limit_and_have_their_own(
    process: Making,
) -> None:
    limiter, _ = process(replace(NO_LIMITS, per_credential=10, per_account=25))
    account = uuid4()
    granted = [await admitted(limiter, credential(account), 20) for _ in range(4)]
    assert granted == [10, 10, 5, 0]
    assert await admitted(limiter, credential(uuid4()), 20) == 10


async def test_without_limits_no_process_asks_and_nothing_is_said(process: Making) -> None:
    limiter, windows = process(NO_LIMITS)
    state: dict[str, Any] = {}
    await limiter.admit(credential(uuid4()), state)
    assert (windows.leases, state) == (0, {})


Limited = Callable[[Limits], AbstractAsyncContextManager[World]]


@pytest.fixture
def limited(world: World, process: Making) -> Limited:
    """Another process of the API, with limits of its own."""

    @asynccontextmanager
    async def start(limits: Limits) -> AsyncIterator[World]:
        backend = replace(world.backend, limiter=process(limits)[0])
        transport = httpx.ASGITransport(AccessLog(bare_application(backend), CollectorRegistry()))
        async with httpx.AsyncClient(transport=transport, base_url="http://byoip.test") as client:
            yield replace(world, client=client, backend=backend)

    return start


async def test_every_answer_says_what_is_left_and_the_last_one_when_to_come_back(
    limited: Limited,
) -> None:
    limits = replace(NO_LIMITS, per_credential=3, per_account=100)
    async with limited(limits) as there:
        said = [await there.call("GET", "/prefixes") for _ in range(4)]
        said.append(await there.call("GET", "/prefixes?unknown=1"))
    policy = '"credential";q=3;w=300, "account";q=100;w=300'
    assert {one.headers["ratelimit-policy"] for one in said} == {policy}
    left = [re.findall(r'"(\w+)";r=(\d+);t=(\d+)', one.headers["ratelimit"]) for one in said]
    assert [one[0][:2] for one in left] == [("credential", str(n)) for n in (2, 1, 0, 0, 0)]
    assert all(290 < int(seconds) <= 300 for one in left for _, _, seconds in one)
    assert [one.status_code for one in said] == [200, 200, 200, 429, 429]
    assert outcome(said[3]) == (429, "rate_limited")
    assert 290 < int(said[3].headers["retry-after"]) <= 300


async def test_two_processes_of_the_api_share_a_limit(world: World, limited: Limited) -> None:
    limits = replace(NO_LIMITS, per_credential=24)
    async with limited(limits) as one, limited(limits) as other:
        said = [(await api.call("GET", "/services")).status_code for api in [one, other] * 40]
        stranger = await other.client.get(
            other.url("/services", world.other_account_id),
            headers={"authorization": f"Bearer {world.other_token}"},
        )
    assert said.count(200) == 24
    assert said.count(200) + said.count(429) == 80
    assert stranger.status_code == 200


async def test_a_refused_request_is_refused_before_its_body_is_read(limited: Limited) -> None:
    async def body() -> AsyncIterator[bytes]:
        read.append(True)
        yield b""

    read: list[bool] = []

    async with limited(replace(NO_LIMITS, per_credential=1)) as there:
        await there.call("GET", "/services")
        headers = {"content-type": "application/json"}
        response = await there.call("POST", "/prefixes", content=body(), headers=headers)
    assert outcome(response) == (429, "rate_limited")
    assert read == []


async def test_validation_has_lower_limits_for_each_prefix_and_account(limited: Limited) -> None:
    limits = replace(NO_LIMITS, validations_per_account=5, validations_per_prefix=2)
    async with limited(limits) as there:
        ids = [(await there.prefix(f"31.{number}.0.0/16"))["id"] for number in range(3)]
        said = [
            (await there.call("POST", f"/prefixes/{one}/validate")).status_code
            for one in (ids[0], ids[0], ids[0], ids[1], ids[1], ids[2])
        ]
        assert said == [202, 202, 429, 202, 202, 429]
        refused = await there.call("POST", f"/prefixes/{ids[2]}/validate")
        one = await there.call("POST", f"/prefixes/{ids[0]}/validate")
    wait = refused.headers["retry-after"]
    assert 1 <= int(wait) <= 60
    assert refused.headers["ratelimit-policy"] == '"validate";q=5;w=60'
    assert refused.headers["ratelimit"] == f'"validate";r=0;t={wait}'
    assert one.status_code == 429


async def test_the_limit_of_a_prefix_is_named_beside_those_of_all_requests(
    limited: Limited,
) -> None:
    limits = replace(NO_LIMITS, per_credential=100, validations_per_prefix=1)
    async with limited(limits) as there:
        made = await there.prefix("31.0.0.0/16")
        path = f"/prefixes/{made['id']}/validate"
        given, refused = [await there.call("POST", path) for _ in range(2)]
    assert given.headers["ratelimit-policy"] == '"credential";q=100;w=300'
    policies = set(refused.headers["ratelimit-policy"].split(", "))
    assert policies == {'"credential";q=100;w=300', '"validate-prefix";q=1;w=60'}
    assert '"validate-prefix";r=0;t=' in refused.headers["ratelimit"]
    assert '"credential";r=97;t=' in refused.headers["ratelimit"]


async def test_another_account_uses_up_nothing_of_an_owners(world: World, limited: Limited) -> None:
    limits = replace(NO_LIMITS, validations_per_account=9, validations_per_prefix=1)
    async with limited(limits) as there:
        path = f"/prefixes/{(await there.prefix('31.0.0.0/16'))['id']}/validate"
        url = there.url(path, world.other_account_id)
        headers = {"authorization": f"Bearer {world.other_token}"}
        foreign = [(await there.client.post(url, headers=headers)).status_code for _ in range(3)]
        own = await there.call("POST", path)
    assert foreign == [404, 429, 429]
    assert own.status_code == 202


async def test_preflights_have_a_lower_limit_of_their_own(limited: Limited) -> None:
    body = {"cidr": "31.0.0.0/23", "asn": 64500}
    async with limited(replace(NO_LIMITS, preflights_per_account=1)) as there:
        assert (await there.call("POST", "/prefix_preflights", json=body)).status_code == 200
        response = await there.call("POST", "/prefix_preflights", json=body)
    assert outcome(response) == (429, "rate_limited")
