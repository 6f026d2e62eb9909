"""Everything an operator may decide."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from byoip.domain.accounts.limits import Limits
from byoip.domain.asn import Asn
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rirs import RIRS
from byoip.domain.routes.breaker import Ceilings
from byoip.domain.watch.validity import LONGEST, SHORTEST
from byoip.settings.names import SettingsError
from byoip.settings.parts import (
    Asns,
    AsnText,
    Cidrs,
    Lengths,
    Origins,
    OverrideSettings,
    Ports,
    RegistrySettings,
    ServiceSettings,
    Words,
    database_address,
    label_text,
    on_loopback,
    plain_url,
    resolver_address,
    sender_address,
)
from byoip.settings.perspectives import (
    PerspectiveName,
    PerspectiveSettings,
    PublicKeys,
    Region,
    check_perspectives,
)
from byoip.settings.sign_in import SignInSettings
from byoip.settings.speakers import ListenerSettings, Speakers, SpeakerSettings, check_speakers


class Settings(SignInSettings):
    """Everything an operator may decide. Durations are in the unit their names say."""

    # the operator
    operator_name: str = "This operator"
    operator_contact: str = Field(default="", max_length=200)
    origin_asns: Asns = ()
    # customers' own AS numbers: which of ours stands before them, and who is next to us
    announcing_asn: AsnText | None = None
    upstream_asns: Asns = ()
    neighbour_asns: Asns = ()
    announce_without_aspa: bool = True
    label: Annotated[str, AfterValidator(label_text)] = "byoip-validation"

    # addresses, database and directories
    database_url: Annotated[str, AfterValidator(database_address)] | None = None
    data_dir: Path | None = None
    memory_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: HttpUrl | None = None
    database_connections: int = Field(default=15, ge=3, le=300)
    worker_concurrency: int = Field(default=20, ge=1, le=200)

    # rate limits; 0 for no limit
    requests_per_credential: int = Field(default=1200, ge=0)
    requests_per_account: int = Field(default=6000, ge=0)
    validations_per_account: int = Field(default=30, ge=0)
    validations_per_prefix: int = Field(default=6, ge=0)
    preflights_per_account: int = Field(default=10, ge=0)
    writes_per_account: int = Field(default=50_000, ge=0)
    evidence_megabytes: int = Field(default=256, ge=0)
    dns_questions_per_hour: int = Field(default=50_000, ge=1)
    require_if_match: bool = False
    cors_origins: Origins = ()

    # how many routes may be withdrawn before the breaker opens and an operator looks
    breaker_per_run: int = Field(default=20, ge=1)
    breaker_per_account: int = Field(default=50, ge=1)
    breaker_per_minute: int = Field(default=100, ge=1)
    breaker_share: float = Field(default=0.05, gt=0, le=1)
    breaker_least: int = Field(default=10, ge=1)

    # how long a prefix that is withdrawn and unbound can still be restored
    grace_days: float = Field(default=7, ge=0, le=90)

    # what may be brought
    ipv4_lengths: Lengths = (8, 24)
    ipv6_lengths: Lengths = (16, 48)
    infrastructure: Cidrs = ()
    token_days: float = Field(default=7, gt=0, le=30)
    proof_days: int = Field(default=LONGEST.days, ge=SHORTEST.days, le=LONGEST.days)
    services: tuple[ServiceSettings, ...] = (
        ServiceSettings(name="CDN"),
        ServiceSettings(name="DDoS protection", default_only=True),
    )

    # letters of agency: the key that signs them, PEM, and its certificate; `byoip up` has its own
    letter_key: Path | None = None
    letter_certificate: Path | None = None

    # webhooks: the key that their secrets are made of (base64), and where they may go
    webhook_key: Path | None = None
    webhook_ports: Ports = (443,)
    webhook_contactable: Cidrs = ()

    # mail: the server that takes it, how it is reached, and whose name stands in From
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: Path | None = None
    mail_from: Annotated[str, AfterValidator(sender_address)] | None = None

    # outside parties that checks ask
    registries: tuple[RegistrySettings, ...] = ()
    registry_overrides: tuple[OverrideSettings, ...] = ()
    national_registries: Mapping[str, str] = Field(default_factory=dict)
    rdap_urls: Mapping[str, Annotated[HttpUrl, AfterValidator(plain_url)]] = Field(
        default_factory=dict
    )
    waive_irr_at: Words = ()
    statistics_dir: Path | None = None
    statistics_urls: Mapping[str, HttpUrl] = Field(default_factory=dict)
    resolvers: Words = ("127.0.0.1:53",)
    contactable: Cidrs = ()
    name_server_port: int = Field(default=53, ge=1, le=65535)

    # other places that look at what proves ownership; there, who it is and whom it answers
    perspectives: tuple[PerspectiveSettings, ...] = ()
    perspective_key: Path | None = None
    perspectives_decide: bool = False
    perspective_name: PerspectiveName | None = None
    perspective_region: Region | None = None
    perspective_callers: PublicKeys = ()

    # ROA data: exactly one source on the machine that refreshes them
    rpki_program: str = "rpki-client"
    rpki_tals: Path = Path("/etc/tals")
    rpki_feed_url: HttpUrl | None = None
    rpki_feed_file: Path | None = None
    rpki_anchors: Words = ("afrinic", "apnic", "arin", "lacnic", "ripe")
    rpki_floor: int = Field(default=500_000, ge=0)
    rpki_minutes: int = Field(default=20, ge=1, le=24 * 60)
    rpki_timeout_seconds: int = Field(default=3600, ge=10)

    # BGP speakers; with none, announcements are recorded only
    speakers: Speakers = ()
    listeners: tuple[ListenerSettings, ...] = ()
    next_hop4: IPv4Address | None = IPv4Address("0.0.0.0")  # noqa: S104 - the speaker itself
    next_hop6: IPv6Address | None = None
    reconcile: bool = True
    reconcile_seconds: float = Field(default=10, ge=1, le=3600)
    lease_seconds: float = Field(default=5, ge=0.5, le=60)
    absent_seconds: float = Field(default=10, ge=1, le=3600)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for given, widest in ((self.ipv4_lengths, (8, 24)), (self.ipv6_lengths, (16, 48))):
            if not widest[0] <= given[0] <= given[1] <= widest[1]:
                raise ValueError(f"lengths {given} do not lie within {widest}")
        for resolver in self.resolvers:
            resolver_address(resolver)
        self._check_registries()
        check_speakers(self.speakers, self.listeners)
        if (self.letter_key is None) != (self.letter_certificate is None):
            raise ValueError("letter_key and letter_certificate need each other")
        self._check_mail()
        own = {*self.origin_asns, *filter(None, [self.announcing_asn])}
        check_perspectives(self.perspectives, self.perspective_key, frozenset(own))
        return self

    def _check_mail(self) -> None:
        if (self.smtp_host is None) != (self.mail_from is None):
            raise ValueError("smtp_host and mail_from need each other")
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("smtp_user and smtp_password need each other")
        if self.smtp_security == "none" and self.smtp_host and not on_loopback(self.smtp_host):
            raise ValueError("smtp_security may be none for a server on loopback only")

    def _check_registries(self) -> None:
        known = self.all_registries
        named = {one.registry for one in self.registry_overrides} | set(self.waive_irr_at)
        named |= set(self.national_registries.values()) | set(self.rdap_urls)
        if unknown := sorted(named - set(known)):
            raise ValueError(f"no such registry: {', '.join(unknown)}")
        for key in self.waive_irr_at:
            if known[key].offers_route_objects:
                raise ValueError(f"waive_irr_at: {key} offers route objects, so irr is not waived")

    @property
    def all_registries(self) -> Mapping[str, Registry]:
        """The registries by key: the five RIRs, unless replaced, and the operator's own."""
        known = {one.key: one for one in (*RIRS, *(own.registry() for own in self.registries))}
        urls = {key: str(url) for key, url in self.rdap_urls.items() if key in known}
        return known | {key: replace(known[key], rdap_url=url) for key, url in urls.items()}

    @property
    def origins(self) -> frozenset[Asn]:
        """The ASNs that customers' routes may originate from."""
        return frozenset(Asn(number) for number in self.origin_asns)

    @property
    def operator_asn(self) -> Asn | None:
        """The ASN that stands before customers' own ones; None: it is not clear which."""
        if self.announcing_asn is not None:
            return Asn(self.announcing_asn)
        return Asn(self.origin_asns[0]) if len(set(self.origin_asns)) == 1 else None

    @property
    def staged_speakers(self) -> Sequence[tuple[SpeakerSettings, int]]:
        """Each speaker and its stage."""
        return [(one, one.stage or place) for place, one in enumerate(self.speakers, start=1)]

    @property
    def token_lifetime(self) -> timedelta:
        """How long an ownership token may be used."""
        return timedelta(days=self.token_days)

    @property
    def proof_period(self) -> timedelta:
        """How long a proof of ownership is valid."""
        return timedelta(days=self.proof_days)

    @property
    def grace(self) -> timedelta:
        """How long a prefix that was unbound can still be restored."""
        return timedelta(days=self.grace_days)

    @property
    def limits(self) -> Limits:
        """The rate limits, for all API processes together."""
        return Limits(
            per_credential=self.requests_per_credential,
            per_account=self.requests_per_account,
            validations_per_account=self.validations_per_account,
            validations_per_prefix=self.validations_per_prefix,
            preflights_per_account=self.preflights_per_account,
            writes_per_account=self.writes_per_account,
        )

    @property
    def ceilings(self) -> Ceilings:
        """The breaker's ceilings."""
        return Ceilings(
            per_run=self.breaker_per_run,
            per_account=self.breaker_per_account,
            per_minute=self.breaker_per_minute,
            share=self.breaker_share,
            least=self.breaker_least,
        )

    def base_url(self, host: str, port: int) -> str:
        """The URL customers use, without a slash at the end.

        Raises:
            SettingsError: the service listens beyond loopback, and no public URL is configured.
        """
        if self.public_url:
            return str(self.public_url).rstrip("/")
        if not on_loopback(host):
            raise SettingsError("BYOIP_PUBLIC_URL is required when listening beyond loopback.")
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def require_served(settings: Settings) -> None:
    """Refuse settings with which no process could serve customers.

    Raises:
        SettingsError: no origin ASN is configured, or no public URL although it is needed.
    """
    require_origins(settings)
    settings.base_url(settings.host, settings.port)


def require_letter_url(settings: Settings) -> None:
    """Refuse to sign letters that name no place.

    Raises:
        SettingsError: there is a key, and no public URL.
    """
    if settings.letter_key is not None and settings.public_url is None:
        raise SettingsError("BYOIP_PUBLIC_URL is required with BYOIP_LETTER_KEY: letters name it.")


def require_origins(settings: Settings) -> None:
    """Refuse to serve customers who could submit nothing.

    Raises:
        SettingsError: no origin ASN is configured.
    """
    if not settings.origin_asns:
        raise SettingsError("BYOIP_ORIGIN_ASNS is required: the ASNs you announce from.")
