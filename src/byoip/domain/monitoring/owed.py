"""Alerts about what customers were promised, and wait for: letters, decisions, webhooks, mail."""

from collections.abc import Sequence
from typing import Final

from byoip.domain.monitoring.alert import Alert, Severity, most
from byoip.domain.watch.levels import UNSEEN_AFTER

_UNSEEN: Final = f"{UNSEEN_AFTER.total_seconds():.0f}"
_FAILING: Final = 'max by (job) (byoip_webhooks{state="failing"})'
_ACTIVE: Final = 'max by (job) (byoip_webhooks{state="active"})'

OWED: Final[Sequence[Alert]] = (
    Alert(
        "ByoipLettersOwed",
        f"{most('byoip_letters_owed')} > 0",
        "1h",
        Severity.TICKET,
        "Letters of agency are wanted, and are not there or have expired.",
        "A letter of agency is missing, or a network does not accept it",
    ),
    Alert(
        "ByoipDisputeOpen",
        f"{most('byoip_disputes_open')} > 0",
        "0s",
        Severity.TICKET,
        "An account has proven space of another, whose holder changed, or its AS number.",
        "A dispute waits for a person",
    ),
    Alert(
        "ByoipWebhooksOverdue",
        f"{most('byoip_webhooks_overdue')} > 0",
        "10m",
        Severity.TICKET,
        "Webhooks wait, and no worker sends them.",
        "Webhooks are not sent",
    ),
    Alert(
        "ByoipWebhooksFailing",
        f"{_FAILING} >= 3 and {_FAILING} > {_ACTIVE}",
        "1h",
        Severity.TICKET,
        "Most webhooks fail, three at least: perhaps it is we who reach nobody.",
        "Most webhooks fail",
    ),
    Alert(
        "ByoipMailOverdue",
        f"{most('byoip_mail_overdue')} > 0",
        "10m",
        Severity.TICKET,
        "Mails to customers wait, and no worker sends them.",
        "Mail is not sent",
    ),
    Alert(
        "ByoipMailHeldUp",
        'max by (job) (byoip_mail_addresses{state="held_up"}) > 0',
        "30m",
        Severity.TICKET,
        "The mail server takes no mail, or refuses some by its own rules: customers are not told.",
        "Mail is held up",
    ),
    Alert(
        "ByoipMailFailing",
        'max by (job) (byoip_mail_addresses{state="failing"}) > 0',
        "2h",
        Severity.TICKET,
        "Mails are refused again and again, and it is unclear why; their addresses end as parked.",
        "Mails keep failing",
    ),
    Alert(
        "ByoipRouteObjectsUnseen",
        f"{most('byoip_route_object_age_seconds', 'registry')} > {_UNSEEN}",
        "1h",
        Severity.TICKET,
        "At {registry} are route objects that were not looked at for a week.",
        "Route objects are looked at too seldom",
    ),
)
