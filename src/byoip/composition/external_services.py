"""The outside parties that are asked and what is accepted, in production and in the sandbox."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network
from types import MappingProxyType

from byoip.adapters.checks.budgeted_registry import BackOff
from byoip.adapters.network_policy import NetworkPolicy
from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import DOCUMENTATION
from byoip.domain.checks.registry import Budget, Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.vrp_snapshot import GatePolicy
from byoip.domain.hooks.destination import DestinationRules
from byoip.domain.prefix import PrefixPolicy
from byoip.domain.rdap.servers import KNOWN_SERVERS, KnownServer
from byoip.domain.special_purpose import SANDBOX_RANGES
from byoip.ports.checks.registrations import StatisticsSource
from byoip.settings.model import Settings
from byoip.settings.parts import resolver_address

SANDBOX_ORIGIN = 64500  # for documentation (RFC 5398)
_NO_BUDGET = Budget(connections=1000, per_minute=1_000_000, per_day=1_000_000_000)


@dataclass(frozen=True, slots=True)
class ExternalServices:
    """The outside parties and limits as values: no adapter asks which mode it runs in.

    Attributes:
        rdap_servers: those beside the registries' own that registration data may be asked of.
        operator_asn: stands before customers' own AS numbers; None: none does.
        reserved_asns: numbers of no network that count as a customer's all the same.
        hook_rules, hook_network: which URLs webhooks may have, and which addresses.
    """

    policy: PrefixPolicy
    origins: frozenset[Asn]
    registries: Mapping[str, Registry]
    resolvers: Sequence[tuple[str, int]]
    network: NetworkPolicy
    authority_port: int
    gates: GatePolicy
    statistics: StatisticsSource | None = None  # None: from the settings
    remember: timedelta = timedelta(seconds=60)
    back_off: BackOff = field(default_factory=BackOff)
    rdap_servers: Iterable[KnownServer] = ()
    operator_asn: Asn | None = None
    reserved_asns: frozenset[Asn] = frozenset()
    hook_rules: DestinationRules = field(default_factory=DestinationRules)
    hook_network: NetworkPolicy = field(default_factory=NetworkPolicy)


def external_services(settings: Settings) -> ExternalServices:
    """The Internet, as the operator's settings see it."""
    return ExternalServices(
        policy=_policy(settings, frozenset()),
        origins=settings.origins,
        registries=settings.all_registries,
        resolvers=[resolver_address(text) for text in settings.resolvers],
        network=NetworkPolicy(
            never=tuple(one.network for one in settings.infrastructure),
            allowed=tuple(one.network for one in settings.contactable),
        ),
        authority_port=settings.name_server_port,
        gates=GatePolicy(floor=settings.rpki_floor),
        rdap_servers=KNOWN_SERVERS,
        operator_asn=settings.operator_asn,
        hook_rules=DestinationRules(frozenset(settings.webhook_ports)),
        hook_network=NetworkPolicy(
            never=tuple(one.network for one in settings.infrastructure),
            allowed=tuple(one.network for one in settings.webhook_contactable),
        ),
    )


def sandbox_services(
    settings: Settings,
    *,
    whois_port: int,
    names: tuple[str, int],
    statistics: StatisticsSource,
    rdap_urls: Mapping[str, str] = MappingProxyType({}),
) -> ExternalServices:
    """The small Internet on loopback: the same rules, other parties."""
    return ExternalServices(
        policy=_policy(settings, SANDBOX_RANGES),
        origins=settings.origins or frozenset({Asn(SANDBOX_ORIGIN)}),
        registries={
            one.key: replace(
                one,
                host="127.0.0.1",
                port=whois_port,
                rest_url=None,
                rdap_url=rdap_urls.get(one.key),
                budget=_NO_BUDGET,
            )
            for one in RIRS
        },
        resolvers=[names],
        network=NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),)),
        authority_port=names[1],
        gates=GatePolicy(floor=0, share=0.0, least_per_anchor=0, newer=False),
        statistics=statistics,
        remember=timedelta(0),
        back_off=BackOff(denied=timedelta(0), refused=timedelta(0)),
        operator_asn=settings.operator_asn if settings.origins else Asn(SANDBOX_ORIGIN),
        reserved_asns=DOCUMENTATION,
        hook_rules=DestinationRules(frozenset(), plain=True),
        hook_network=NetworkPolicy(allowed=(ip_network("127.0.0.0/8"),)),
    )


def _policy(settings: Settings, admitted: frozenset[str]) -> PrefixPolicy:
    (first4, last4), (first6, last6) = settings.ipv4_lengths, settings.ipv6_lengths
    return PrefixPolicy(
        ipv4_lengths=range(first4, last4 + 1),
        ipv6_lengths=range(first6, last6 + 1),
        admitted=admitted,
        infrastructure=settings.infrastructure,
    )
