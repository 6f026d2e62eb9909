"""A request that is refused for its rate costs less than the answer that it would have had."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from tests.api.test_operations import Counted, client_of
from tests.api.test_rate_limiting import NO_LIMITS, Limited, limited, process

__all__ = ["limited", "process"]  # fixtures


@pytest.mark.parametrize("kind", ["per_credential", "per_account"])
async def test_a_refused_request_reads_no_prefix(limited: Limited, kind: str) -> None:
    async with limited(replace(NO_LIMITS, **{kind: 4})) as there:
        one = await there.prefix()
        asked: list[str] = []
        reader: Any = Counted(there.backend.reader, asked)
        backend = replace(there.backend, reader=reader, metrics=CollectorRegistry())
        async with client_of(backend) as client:
            headers = {"authorization": f"Bearer {there.token}"}
            path = there.url(f"/prefixes/{one['id']}")
            said = [await client.get(path, headers=headers) for _ in range(6)]
    assert [one.status_code for one in said] == [200] * 3 + [429] * 3
    # The first that is refused is the one that learns that there are no more.
    assert asked == ["beside", "claim_beside"] * 3 + ["beside"]
    assert said[3].headers["ratelimit-policy"] == said[5].headers["ratelimit-policy"]


async def test_one_that_may_again_meanwhile_is_answered(limited: Limited) -> None:
    async with limited(replace(NO_LIMITS, per_account=100)) as there:
        one = await there.prefix()
        there.backend.limiter.spent = bool  # type: ignore[method-assign, assignment]
        again = await there.call("GET", f"/prefixes/{one['id']}")
        none = await there.call("GET", f"/prefixes/{uuid4().hex}")
    assert again.json()["result"]["id"] == one["id"]
    assert none.status_code == 404
