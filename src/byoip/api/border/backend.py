"""What the API is built from. The composition fills it in; there are no globals."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from prometheus_client import CollectorRegistry

from byoip.api.border.account_turns import AccountTurns, ClientTurns
from byoip.api.border.large_answers import LargeAnswers
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.api.border.uploads import UploadsInFlight
from byoip.api.pages import Pages
from byoip.domain.claims.blockers import Advice
from byoip.domain.speakers.bgp_peer import InService
from byoip.ports.clock import Clock
from byoip.ports.letters.letters import LetterPictures, PdfInspector
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.accounts.rate_limits import Allowance
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
from byoip.usecases.asns.own_asns import AsnTerms
from byoip.usecases.asns.prove_asn import ProveAsn
from byoip.usecases.bindings.converge import ConvergeBindings
from byoip.usecases.border import Border
from byoip.usecases.checks.capabilities import Capabilities
from byoip.usecases.checks.preflight import Preflight
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.hooks.webhooks import HookTerms
from byoip.usecases.speakers.restore_snapshot import RestoreSnapshot

Probe: TypeAlias = Callable[[], Awaitable[str | None]]
"""What is wrong, in a few words without secrets, or None."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything behind the HTTP border.

    Attributes:
        border: the way in for every write.
        terms: what the operator admits.
        asn_terms: the same of customers' own AS numbers.
        hook_terms: where webhooks may go, and what signs them.
        in_service: how this process tells which speakers and listeners are in use.
        probes: what must hold before this process takes requests, by name.
        pages: makes what people see, of the same parts.
        capabilities: what it can do besides, and what it lacks for that.
        public_url: under which customers reach the service, without a trailing slash; stands in
            documents.
        require_if_match: whether writes to a prefix must say which version they are based on.
        speaks: whether any BGP speaker is configured.
        mail_offered: whether there is a server that takes mail.
        cors_origins: of pages in browsers that may ask.
        uploads: those that this process is taking.
        large: answers that this process makes, or that clients read.
        turns: of each account's requests at the database.
        client_turns: of each client's, until its account is known.
    """

    border: Border
    terms: Terms
    converge_bindings: ConvergeBindings
    preflight: Preflight
    pdf_inspector: PdfInspector
    letter_pictures: LetterPictures
    letters: LetterReader
    reader: CustomerReader
    credentials: CredentialReader
    allowance: Allowance
    clock: Clock
    advice: Advice
    probes: Mapping[str, Probe]
    metrics: CollectorRegistry
    gauges: Gauges
    public_url: str
    limiter: RequestLimiter
    operator_reader: OperatorReader
    guards: GuardReader
    edges: EdgeReader
    routes: RouteReader
    restore_snapshot: RestoreSnapshot
    in_service: InService
    notifier: EventNotifier
    pages: Callable[["Backend"], Pages]
    asn_terms: AsnTerms
    prove_asn: ProveAsn
    own_asns: OwnAsnReader
    hook_terms: HookTerms
    webhooks: WebhookReader
    mail_addresses: MailAddressReader
    capabilities: Capabilities | None = None
    require_if_match: bool = False
    speaks: bool = False
    mail_offered: bool = False
    cors_origins: Collection[str] = ()
    uploads: UploadsInFlight = field(default_factory=UploadsInFlight)
    large: LargeAnswers = field(default_factory=LargeAnswers)
    turns: AccountTurns = field(default_factory=AccountTurns)
    client_turns: ClientTurns = field(default_factory=ClientTurns)
