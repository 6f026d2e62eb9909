"""Perspectives of the settings: those that a core asks, and the one that this process is."""

from collections.abc import Sequence

from byoip.adapters.checks.budgeted_registry import BudgetedRegistry
from byoip.adapters.checks.dns_looks import DnsLooks
from byoip.adapters.checks.ripe_rest import PreferTls, RipeRest
from byoip.adapters.checks.whois_registry import WhoisRegistry
from byoip.adapters.network_policy import NetworkPolicy
from byoip.adapters.perspectives.answering import Answering
from byoip.adapters.perspectives.local_budget import LocalBudget
from byoip.adapters.perspectives.perspective_client import PerspectiveClient
from byoip.adapters.perspectives.wire import UnusableKey, private_key, public_key
from byoip.adapters.system_clock import SystemClock
from byoip.composition.external_services import external_services
from byoip.ports.clock import Clock
from byoip.settings.model import Settings
from byoip.settings.names import SettingsError

_WHOIS_SECONDS = 10.0
_SECONDS = 30.0


def clients_of(
    settings: Settings, clock: Clock, policy: NetworkPolicy, *, deadline: float = _SECONDS
) -> list[PerspectiveClient]:
    """What asks the perspectives of the settings; none: without them.

    Args:
        settings: of this process.
        clock: ours, by which answers must be of this moment.
        policy: which name servers we would contact.
        deadline: seconds for one question.

    Raises:
        SettingsError: our key cannot be used.
    """
    if settings.perspective_key is None or not settings.perspectives:
        return []
    try:
        key = private_key(settings.perspective_key)
    except UnusableKey as fault:
        raise SettingsError(str(fault)) from None
    return [
        PerspectiveClient(
            one.place,
            str(one.url),
            key=key,
            of_it=public_key(one.public_key),
            clock=clock,
            policy=policy,
            deadline=deadline,
        )
        for one in settings.perspectives
    ]


def answering_of(settings: Settings) -> Answering:
    """The perspective that this process is: without a database, and in no account's name.

    Raises:
        SettingsError: it does not know who it is, or whom it answers, or its key cannot be used.
    """
    lacking = _lacking(settings)
    if lacking or settings.perspective_key is None:
        raise SettingsError(f"A perspective needs {', '.join(lacking)}.")
    try:
        key = private_key(settings.perspective_key)
    except UnusableKey as fault:
        raise SettingsError(str(fault)) from None
    clock, outside = SystemClock(), external_services(settings)
    either = PreferTls(
        over_tls=RipeRest(clock, deadline=_WHOIS_SECONDS),
        in_plain_text=WhoisRegistry(clock, deadline=_WHOIS_SECONDS),
    )
    return Answering(
        name=settings.perspective_name or "",
        region=settings.perspective_region or "",
        key=key,
        callers=[public_key(one) for one in settings.perspective_callers],
        clock=clock,
        resolver=DnsLooks(
            clock, outside.resolvers, outside.network, authority_port=outside.authority_port
        ),
        registry=BudgetedRegistry(either, LocalBudget(clock), clock, back_off=outside.back_off),
        registries=outside.registries,
        label=settings.label,
    )


def _lacking(settings: Settings) -> Sequence[str]:
    names = (
        "perspective_name",
        "perspective_region",
        "perspective_key",
        "perspective_callers",
    )
    return [f"BYOIP_{name.upper()}" for name in names if not getattr(settings, name)]
