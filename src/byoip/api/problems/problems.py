"""Every refusal's record: the areas' lists joined, the home of the wire's error contract."""

from collections.abc import Mapping
from types import MappingProxyType

from byoip.api.accounts import refusals as accounts
from byoip.api.asns import refusals as asns
from byoip.api.bindings import refusals as bindings
from byoip.api.border import refusals as border
from byoip.api.checks import refusals as checks
from byoip.api.claims import refusals as claims
from byoip.api.hooks import refusals as hooks
from byoip.api.letters import refusals as letters
from byoip.api.mail import refusals as mail
from byoip.api.problems.record import Record
from byoip.api.routes import refusals as routes
from byoip.api.speakers import refusals as speakers
from byoip.api.watch import refusals as watch
from byoip.domain.errors import Refusal

RECORDS = (
    *border.REFUSALS,
    *accounts.REFUSALS,
    *asns.REFUSALS,
    *claims.REFUSALS,
    *checks.REFUSALS,
    *bindings.REFUSALS,
    *letters.REFUSALS,
    *routes.REFUSALS,
    *speakers.REFUSALS,
    *watch.REFUSALS,
    *hooks.REFUSALS,
    *mail.REFUSALS,
)
PROBLEMS: Mapping[type[Refusal], Record] = MappingProxyType(
    {type(record.sample): record for record in RECORDS}
)
SAMPLES: Mapping[type[Refusal], Refusal] = MappingProxyType(
    {kind: record.sample for kind, record in PROBLEMS.items()}
)


def problem_of(refusal: Refusal) -> Record:
    """Its record."""
    return PROBLEMS[type(refusal)]
