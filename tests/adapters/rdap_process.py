"""A process that asks registries' RDAP servers: `python -m tests.adapters.rdap_process`.

Takes the database, and JSON: `registries` by key with `url`, `per_day` and `connections`, and how
`many` questions it asks at once, each in the name of another account. Prints how each ended.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.rdap.rdap_client import RdapClient
from byoip.adapters.rdap.rdap_servers import RdapServers
from byoip.domain.checks.registry import Budget, Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.prefix import Prefix
from byoip.ports.checks.rdap import HolderQuestion
from byoip.store.checks.registry_budget import PostgresRegistryBudget
from byoip.store.engine import make_engine
from tests.fakes.rdap_servers import CIDR, Clock

_MINUTE = 1_000_000
_BACK_OFF = BackOff(timedelta(days=1), timedelta(minutes=10))


def _registry(key: str, of: Mapping[str, Any]) -> Registry:
    known = next(one for one in RIRS if one.key == key)
    budget = Budget(connections=of["connections"], per_minute=_MINUTE, per_day=of["per_day"])
    return replace(known, rdap_url=of["url"], budget=budget)


async def main(url: str, told: Mapping[str, Any]) -> None:
    registries = {key: _registry(key, of) for key, of in told["registries"].items()}
    engine = make_engine(url)
    budget = PostgresRegistryBudget(engine, remember=timedelta(0))
    servers = RdapServers(registries)
    client = RdapClient(Clock(), servers, budget, deadline=30, back_off=_BACK_OFF)
    first, prefix = next(iter(registries.values())), Prefix.parse(CIDR)
    asked = [HolderQuestion(first, prefix, uuid4(), all_here=True) for _ in range(told["many"])]
    answers = await asyncio.gather(*map(client.look_up, asked))
    sys.stdout.write(json.dumps([str(one.said.fault or one.said.end) for one in answers]))
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
