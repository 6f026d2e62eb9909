"""The API's backend as the composition makes it: real use cases and store, twins outside."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from secrets import token_hex

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.adapters.hooks.signing import HookSigner
from byoip.adapters.letters.letter_pictures import ChildLetterPictures
from byoip.api.border.backend import Backend
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.composition.pages import pages_of
from byoip.domain.accounts.limits import Limits
from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import OwnAsnRules
from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.claims.blockers import Advice
from byoip.domain.prefix import Prefix, PrefixPolicy
from byoip.domain.routes.breaker import Ceilings
from byoip.domain.speakers.bgp_peer import InService
from byoip.ports.clock import Clock
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.accounts.people_reader import PeopleReader
from byoip.store.accounts.rate_limits import Allowance, RateWindows
from byoip.store.asns.own_asn_reader import OwnAsnReader
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.claims.reader import CustomerReader
from byoip.store.gauges import Gauges
from byoip.store.hooks.webhook_reader import WebhookReader
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.letters.letter_reader import LetterReader
from byoip.store.mail.address_reader import MailAddressReader
from byoip.store.speakers.route_history import RouteReader
from byoip.store.transaction import Store
from byoip.usecases.asns.own_asns import AsnTerms
from byoip.usecases.asns.prove_asn import ProveAsn
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.border import Border
from byoip.usecases.checks.collect_evidence import CollectEvidence
from byoip.usecases.checks.preflight import Preflight
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.hooks.webhooks import HookTerms
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot
from tests.fakes.dns import FakeReverseDns
from tests.fakes.letters import FakeInspector
from tests.fakes.registry import FakeRouteRegistry

LABEL = "byoip-validation"
OURS = Asn(64500)
ORIGINS = frozenset({OURS})
REGISTRY = Registry("ripencc", "RIPE", "whois.sandbox.test", Dialect.RIPE)
REGISTRIES = {REGISTRY.key: REGISTRY}
_IN_SERVICE = InService(frozenset({"configured"}), frozenset({"configured"}))
ASN_RULES = OwnAsnRules(ORIGINS, OURS, (Asn(3257),), (Asn(3491),))
POLICY = PrefixPolicy(infrastructure=(Prefix.parse("20.0.0.0/16"),))


@dataclass
class ExternalServices:
    """The outside parties' twins."""

    registry: FakeRouteRegistry = field(default_factory=FakeRouteRegistry)
    dns: FakeReverseDns = field(default_factory=FakeReverseDns)


class RandomHex:
    def mint(self) -> str:
        return token_hex(16)


async def content() -> str | None:
    return None


def make_backend(
    engine: AsyncEngine,
    clock: Clock,
    outside: ExternalServices,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    require_if_match: bool = False,
) -> Backend:
    store = Store(engine, clock, Ceilings(), ORIGINS, (OURS, True))
    week = timedelta(days=7)
    everyone = ((Prefix.parse("0.0.0.0/0"), REGISTRY.key), (Prefix.parse("::/0"), REGISTRY.key))
    ask = CollectEvidence(
        store, clock, outside.registry, outside.dns, REGISTRIES, everyone, frozenset(), LABEL, 5.0
    )
    terms = Terms(POLICY, ORIGINS, week, LABEL, REGISTRIES, RandomHex(), behind=OURS)
    return Backend(
        border=Border(store),
        terms=terms,
        converge_bindings=ConvergeBindings(store),
        preflight=Preflight(ask, terms),
        pdf_inspector=FakeInspector(),
        letter_pictures=ChildLetterPictures(deadline=60.0, patience=60.0),
        letters=LetterReader(engine),
        reader=CustomerReader(engine),
        credentials=CredentialReader(engine, clock),
        allowance=Allowance(engine),
        clock=clock,
        advice=Advice(LABEL, REGISTRIES, ORIGINS, OURS),
        probes={"database": content},
        metrics=CollectorRegistry(),
        gauges=Gauges(engine),
        public_url="http://byoip.test",
        operator_reader=OperatorReader(engine),
        guards=GuardReader(engine, Ceilings()),
        edges=EdgeReader(engine),
        routes=RouteReader(engine),
        restore_snapshot=RestoreSnapshot(store),
        in_service=_IN_SERVICE,
        limiter=RequestLimiter(RateWindows(engine), limits),
        pages=partial(pages_of, people=PeopleReader(engine, clock)),
        asn_terms=AsnTerms(ASN_RULES, RandomHex(), week, LABEL),
        prove_asn=ProveAsn(store, outside.registry, REGISTRIES, LABEL, 5.0),
        own_asns=OwnAsnReader(engine),
        hook_terms=HookTerms(signer=HookSigner(b"k" * 32)),
        webhooks=WebhookReader(engine),
        mail_offered=True,
        mail_addresses=MailAddressReader(engine),
        notifier=EventNotifier(engine.url.render_as_string(hide_password=False)),
        require_if_match=require_if_match,
    )
