"""The API's backend as the composition makes it: real use cases and store, twins outside."""

from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.api.dependencies import Backend
from byoip.domain.asn import Asn
from byoip.domain.blockers import Advice
from byoip.domain.prefix import Prefix, PrefixPolicy
from byoip.domain.registry import Dialect, Registry
from byoip.ports.clock import Clock
from byoip.store.accounts import PostgresAccounts
from byoip.store.allowance import PostgresAllowance
from byoip.store.figures import PostgresFigures
from byoip.store.reader import PostgresReader
from byoip.store.transaction import PostgresStore
from byoip.usecases.ask_everyone import AskEveryone
from byoip.usecases.bind_service import BindService
from byoip.usecases.describe_prefix import DescribePrefix
from byoip.usecases.issue_validation_token import IssueValidationToken
from byoip.usecases.preflight import Preflight
from byoip.usecases.remove_prefix import RemovePrefix
from byoip.usecases.request_validation import RequestValidation
from byoip.usecases.revoke_validation_token import RevokeValidationToken
from byoip.usecases.submit_prefix import SubmitPrefix
from byoip.usecases.swap_service import SwapService
from byoip.usecases.unbind_service import UnbindService
from tests.fakes.dns import FakeReverseDns
from tests.fakes.registry import FakeRouteRegistry

LABEL = "byoip-validation"
ORIGINS = frozenset({Asn(64500)})
REGISTRY = Registry("ripencc", "RIPE", "whois.sandbox.test", Dialect.RIPE)
REGISTRIES = {REGISTRY.key: REGISTRY}
POLICY = PrefixPolicy(infrastructure=(Prefix.parse("20.0.0.0/16"),))


@dataclass
class Outside:
    """The outside parties' twins."""

    registry: FakeRouteRegistry = field(default_factory=FakeRouteRegistry)
    dns: FakeReverseDns = field(default_factory=FakeReverseDns)


class RandomHex:
    def mint(self) -> str:
        return token_hex(16)


async def content() -> str | None:
    return None


def make_backend(engine: AsyncEngine, clock: Clock, outside: Outside) -> Backend:
    store, week = PostgresStore(engine, clock), timedelta(days=7)
    everyone = ((Prefix.parse("0.0.0.0/0"), REGISTRY.key), (Prefix.parse("::/0"), REGISTRY.key))
    ask = AskEveryone(
        store, clock, outside.registry, outside.dns, REGISTRIES, everyone, frozenset(), LABEL, 5.0
    )
    return Backend(
        submit_prefix=SubmitPrefix(store, clock, RandomHex(), POLICY, ORIGINS, week),
        describe_prefix=DescribePrefix(store, clock),
        remove_prefix=RemovePrefix(store, clock),
        issue_validation_token=IssueValidationToken(
            store, clock, RandomHex(), week, LABEL, REGISTRIES
        ),
        revoke_validation_token=RevokeValidationToken(store, clock),
        request_validation=RequestValidation(store, clock),
        bind_service=BindService(store, clock),
        swap_service=SwapService(store, clock),
        unbind_service=UnbindService(store, clock),
        preflight=Preflight(ask, POLICY, ORIGINS),
        reader=PostgresReader(engine),
        accounts=PostgresAccounts(engine, clock),
        allowance=PostgresAllowance(engine),
        clock=clock,
        advice=Advice(LABEL, REGISTRIES),
        probes={"database": content},
        metrics=CollectorRegistry(),
        figures=PostgresFigures(engine),
        public_url="http://byoip.test",
    )
