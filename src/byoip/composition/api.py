"""The HTTP API of a process; kept apart so that workers and commands do not import it."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from byoip.adapters.letters.letter_pictures import ChildLetterPictures
from byoip.adapters.letters.pdf_inspector import ChildPdfInspector
from byoip.adapters.system_random import SystemRandom
from byoip.api.application import create_application
from byoip.api.border.account_turns import AccountTurns
from byoip.api.border.backend import Backend
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.composition.elsewhere import elsewhere_of
from byoip.composition.pages import pages_of
from byoip.composition.process import Composition
from byoip.composition.sign_in import signs_in_of
from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import OwnAsnRules
from byoip.domain.claims.blockers import Advice
from byoip.domain.speakers.bgp_peer import SILENT_FOR, InService
from byoip.ports.hooks.sending import Signer
from byoip.settings.model import Settings
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.accounts.people_reader import PeopleReader
from byoip.store.accounts.rate_limits import Allowance, RateWindows
from byoip.store.asns.own_asn_reader import OwnAsnReader
from byoip.store.bindings.edge_reader import EdgeReader
from byoip.store.claims.reader import CustomerReader
from byoip.store.gauges import Gauges
from byoip.store.hooks.webhook_reader import WebhookReader
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.letters.letter_reader import LetterReader
from byoip.store.mail.address_reader import MailAddressReader
from byoip.usecases.asns.own_asns import AsnTerms
from byoip.usecases.asns.prove_asn import ProveAsn
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.border import Border
from byoip.usecases.checks.capabilities import Capabilities
from byoip.usecases.checks.preflight import Preflight
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.hooks.webhooks import HookTerms
from byoip.web.site import SandboxPages

_PREFLIGHT_SECONDS = 9.0


def api_of(
    composition: Composition,
    public_url: str,
    capabilities: Capabilities | None = None,
    signer: Signer | None = None,
    sandbox: SandboxPages | None = None,
) -> ASGIApp:
    """The HTTP API; without a signer of webhooks it offers none."""
    return create_application(_backend(composition, public_url, capabilities, signer, sandbox))


def _backend(
    composition: Composition,
    public_url: str,
    capabilities: Capabilities | None,
    signer: Signer | None,
    sandbox: SandboxPages | None,
) -> Backend:
    settings, outside = composition.settings, composition.outside
    store, engine, clock = composition.store, composition.engine, composition.clock
    terms = _terms(composition)
    return Backend(
        border=Border(store),
        terms=terms,
        converge_bindings=ConvergeBindings(store),
        preflight=Preflight(composition.ask(deadline=_PREFLIGHT_SECONDS), terms),
        pdf_inspector=ChildPdfInspector(),
        letter_pictures=ChildLetterPictures(),
        letters=LetterReader(engine),
        reader=CustomerReader(engine),
        credentials=CredentialReader(engine, clock),
        allowance=Allowance(engine),
        clock=clock,
        advice=Advice(
            settings.label,
            outside.registries,
            outside.origins,
            outside.operator_asn,
            settings.announce_without_aspa,
            speaks=bool(settings.speakers),
        ),
        asn_terms=asn_terms_of(composition),
        prove_asn=ProveAsn(
            store,
            composition.registry,
            outside.registries,
            settings.label,
            _PREFLIGHT_SECONDS,
            frozenset(settings.national_registries),
            composition.registration_data,
            elsewhere_of(composition, patience=_PREFLIGHT_SECONDS),
        ),
        own_asns=OwnAsnReader(engine),
        hook_terms=HookTerms(outside.hook_rules, signer),
        webhooks=WebhookReader(engine),
        mail_offered=settings.smtp_host is not None,
        mail_addresses=MailAddressReader(engine),
        probes={"database": composition.trouble},
        capabilities=capabilities,
        metrics=CollectorRegistry(),
        gauges=Gauges(engine),
        public_url=public_url,
        operator_reader=OperatorReader(engine),
        guards=GuardReader(engine, settings.ceilings),
        edges=EdgeReader(engine),
        routes=composition.route_reader(),
        restore_snapshot=composition.restore_snapshot(),
        in_service=_in_service(settings),
        limiter=RequestLimiter(RateWindows(engine), settings.limits),
        notifier=composition.notifier,
        pages=partial(
            pages_of,
            people=PeopleReader(engine, clock),
            elsewhere=signs_in_of(settings, clock),
            sandbox=sandbox,
        ),
        require_if_match=settings.require_if_match,
        speaks=bool(settings.speakers),
        cors_origins=settings.cors_origins,
        turns=AccountTurns(max(1, composition.kept // 4)),
    )


def _terms(composition: Composition) -> Terms:
    settings, outside = composition.settings, composition.outside
    return Terms(
        policy=outside.policy,
        origins=outside.origins,
        token_lifetime=settings.token_lifetime,
        label=settings.label,
        registries=outside.registries,
        mint=SystemRandom(),
        overrides=composition.overrides,
        countries=settings.national_registries,
        grace=settings.grace,
        behind=outside.operator_asn,
        without_aspa=settings.announce_without_aspa,
        upstreams=_numbers(settings.upstream_asns),
    )


def asn_terms_of(composition: Composition) -> AsnTerms:
    """Which numbers of customers the settings admit, and what is said of them."""
    settings, outside = composition.settings, composition.outside
    rules = OwnAsnRules(
        own=outside.origins | ({outside.operator_asn} if outside.operator_asn else set()),
        operator=outside.operator_asn,
        upstreams=_numbers(settings.upstream_asns),
        neighbours=_numbers(settings.neighbour_asns),
        reserved=outside.reserved_asns,
    )
    return AsnTerms(rules, SystemRandom(), settings.token_lifetime, settings.label)


def _numbers(named: Iterable[int]) -> tuple[Asn, ...]:
    return tuple(map(Asn, named))


def _in_service(settings: Settings) -> InService:
    looks = 3 * timedelta(seconds=settings.reconcile_seconds)  # one may be late
    return InService(
        frozenset(one.name for one in settings.speakers),
        frozenset(one.name for one in settings.listeners),
        max(SILENT_FOR, looks),
    )
