"""What the API is built from. The composition fills it in; there are no globals."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client import CollectorRegistry

from byoip.domain.blockers import Advice
from byoip.ports.accounts import Accounts, Allowance
from byoip.ports.clock import Clock
from byoip.ports.figures import Figures
from byoip.ports.reader import Reader
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

Probe: TypeAlias = Callable[[], Awaitable[str | None]]
"""What is wrong, in a few words without secrets, or None."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything behind the HTTP border.

    Attributes:
        probes: what must hold before this process takes requests, by name.
        public_url: as customers reach us, without a trailing slash: stands in the documents.
    """

    submit_prefix: SubmitPrefix
    describe_prefix: DescribePrefix
    remove_prefix: RemovePrefix
    issue_validation_token: IssueValidationToken
    revoke_validation_token: RevokeValidationToken
    request_validation: RequestValidation
    bind_service: BindService
    swap_service: SwapService
    unbind_service: UnbindService
    preflight: Preflight
    reader: Reader
    accounts: Accounts
    allowance: Allowance
    clock: Clock
    advice: Advice
    probes: Mapping[str, Probe]
    metrics: CollectorRegistry
    figures: Figures
    public_url: str
