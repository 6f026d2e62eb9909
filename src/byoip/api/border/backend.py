"""What the API is built from. The composition fills it in; there are no globals."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client import CollectorRegistry

from byoip.api.accounts.operating import Operating
from byoip.api.bindings.edge_desk import EdgeDesk
from byoip.api.border.rate_limiting import RequestLimiter
from byoip.api.speakers.route_desk import RouteDesk
from byoip.domain.claims.blockers import Advice
from byoip.ports.clock import Clock
from byoip.store.accounts.allowance import Allowance
from byoip.store.accounts.credentials import CredentialReader
from byoip.store.claims.event_notifier import EventNotifier
from byoip.store.claims.reader import CustomerReader
from byoip.store.gauges import Gauges
from byoip.store.letters.letter_reader import LetterReader
from byoip.usecases.bindings.bind_service import BindService
from byoip.usecases.bindings.swap_service import SwapService
from byoip.usecases.bindings.unbind_service import UnbindService
from byoip.usecases.border import Border
from byoip.usecases.checks.preflight import Preflight
from byoip.usecases.claims.prefixes import Terms
from byoip.usecases.letters.revoke_letters import RevokeLetter
from byoip.usecases.letters.upload_loa_document import UploadLoaDocument
from byoip.usecases.routes.add_bgp_prefix import AddBgpPrefix
from byoip.usecases.routes.advertise import Advertise
from byoip.usecases.routes.offboard_prefix import OffboardPrefix
from byoip.usecases.routes.remove_bgp_prefix import RemoveBgpPrefix
from byoip.usecases.routes.restore_prefix import RestorePrefix

Probe: TypeAlias = Callable[[], Awaitable[str | None]]
"""What is wrong, in a few words without secrets, or None."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything behind the HTTP border.

    Attributes:
        border: the way in for every write.
        terms: what the operator admits.
        probes: what must hold before this process takes requests, by name.
        public_url: as customers reach us, without a trailing slash: stands in the documents.
        require_if_match: whether writes to a prefix must say which version they are based on.
        speaks: whether any BGP speaker is configured.
    """

    border: Border
    terms: Terms
    offboard_prefix: OffboardPrefix
    restore_prefix: RestorePrefix
    bind_service: BindService
    swap_service: SwapService
    unbind_service: UnbindService
    add_bgp_prefix: AddBgpPrefix
    advertise: Advertise
    remove_bgp_prefix: RemoveBgpPrefix
    preflight: Preflight
    upload_loa_document: UploadLoaDocument
    letters: LetterReader
    revoke_letter: RevokeLetter
    reader: CustomerReader
    credentials: CredentialReader
    allowance: Allowance
    clock: Clock
    advice: Advice
    probes: Mapping[str, Probe]
    metrics: CollectorRegistry
    figures: Gauges
    public_url: str
    limiter: RequestLimiter
    operating: Operating
    edges: EdgeDesk
    routes: RouteDesk
    bell: EventNotifier
    require_if_match: bool = False
    speaks: bool = False
