"""Settings: one TOML file for structures, the environment for scalars; read once, then frozen.

The file is named by `BYOIP_CONFIG`. A scalar `name` may stand in the file or be given as
`BYOIP_NAME`, which wins; lists of scalars are separated by commas there. Unknown keys, in the file
or with the prefix `BYOIP_` in the environment, are errors: a misspelt setting must not pass
silently.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationError,
    model_validator,
)

from byoip.domain.asn import Asn
from byoip.domain.prefix import InvalidPrefix, Prefix
from byoip.domain.registry import Budget, Dialect, Registry
from byoip.domain.reverse_zone import valid_label
from byoip.domain.rirs import RIRS
from byoip.ports.rate_limits import Limits

_PREFIX = "BYOIP_"
CONFIG_VARIABLE = "BYOIP_CONFIG"
DATABASE_VARIABLE = "DATABASE_URL"
# Read by `byoip operator`, which is a client of a running service and has no settings.
URL_VARIABLE = "BYOIP_URL"
OPERATOR_TOKEN_VARIABLE = "BYOIP_OPERATOR_TOKEN"  # noqa: S105 - a name
_APART = frozenset({CONFIG_VARIABLE, URL_VARIABLE, OPERATOR_TOKEN_VARIABLE})


class SettingsError(Exception):
    """The settings cannot be used; the message names each offending key."""


def _split(given: object) -> object:
    return (
        [part.strip() for part in given.split(",") if part.strip()]
        if isinstance(given, str)
        else given
    )


def _asn(given: object) -> object:
    return int(given.removeprefix("AS")) if isinstance(given, str) else given


def _lengths(given: object) -> object:
    if isinstance(given, str):
        first, _, last = given.partition("-")
        return (int(first), int(last or first))
    return given


def _cidr(given: object) -> Prefix:
    try:
        return Prefix.parse(str(given))
    except InvalidPrefix as refusal:
        raise ValueError(refusal.message) from None


def _label(given: str) -> str:
    if not valid_label(given):
        raise ValueError("is not one lower-case DNS label")
    return given


Cidr = Annotated[Prefix, BeforeValidator(_cidr)]
Cidrs = Annotated[tuple[Cidr, ...], BeforeValidator(_split)]
AsnText = Annotated[int, BeforeValidator(_asn), Field(ge=1, le=2**32 - 1)]
Asns = Annotated[tuple[AsnText, ...], BeforeValidator(_split)]
Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Lengths = Annotated[tuple[int, int], BeforeValidator(_lengths)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class BudgetSettings(_Part):
    """What we allow ourselves to ask of one registry, all workers together."""

    connections: int = Field(default=2, ge=1)
    per_minute: int = Field(default=60, ge=1)
    per_day: int = Field(default=5000, ge=1)


class RegistrySettings(_Part):
    """`[[registries]]`: adds a registry, or replaces the one of the same key."""

    key: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    source: str = Field(pattern=r"^[A-Z][A-Z0-9-]{0,30}$")
    host: str = Field(min_length=1)
    port: int = Field(default=43, ge=1, le=65535)
    dialect: Dialect
    rest_url: HttpUrl | None = None
    holder_rule: bool = False
    offers_route_objects: bool = True
    budget: BudgetSettings = BudgetSettings()

    def registry(self) -> Registry:
        """The domain's value."""
        return Registry(
            key=self.key,
            source=self.source,
            host=self.host,
            dialect=self.dialect,
            port=self.port,
            rest_url=str(self.rest_url) if self.rest_url else None,
            holder_rule=self.holder_rule,
            offers_route_objects=self.offers_route_objects,
            budget=Budget(**self.budget.model_dump()),
        )


class OverrideSettings(_Part):
    """`[[registry_overrides]]`: the operator's own word on who is responsible for a range."""

    prefix: Cidr
    registry: str


class ServiceSettings(_Part):
    """`[[services]]`: something customers may bind."""

    name: str = Field(min_length=1, max_length=100)
    default_only: bool = False


class Settings(_Part):
    """Everything an operator may decide. Durations are in the unit their names say."""

    # who we are
    operator_name: str = "This operator"
    origin_asns: Asns = ()
    label: Annotated[str, AfterValidator(_label)] = "byoip-validation"

    # where we listen and keep things
    database_url: str | None = None
    data_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: HttpUrl | None = None
    database_connections: int = Field(default=15, ge=3, le=300)
    worker_concurrency: int = Field(default=20, ge=1, le=200)

    # how much may be asked: 0 for no limit
    requests_per_credential: int = Field(default=1200, ge=0)
    requests_per_account: int = Field(default=6000, ge=0)
    validations_per_account: int = Field(default=30, ge=0)
    validations_per_prefix: int = Field(default=6, ge=0)
    preflights_per_account: int = Field(default=10, ge=0)
    require_if_match: bool = False

    # what may be brought
    ipv4_lengths: Lengths = (8, 24)
    ipv6_lengths: Lengths = (16, 48)
    infrastructure: Cidrs = ()
    token_days: float = Field(default=7, gt=0, le=30)
    services: tuple[ServiceSettings, ...] = (
        ServiceSettings(name="CDN"),
        ServiceSettings(name="DDoS protection", default_only=True),
    )

    # letters of agency: the key that signs them, PEM, and its certificate; `byoip up` has its own
    letter_key: Path | None = None
    letter_certificate: Path | None = None

    # whom we ask
    registries: tuple[RegistrySettings, ...] = ()
    registry_overrides: tuple[OverrideSettings, ...] = ()
    waive_irr_at: Words = ()
    statistics_dir: Path | None = None
    statistics_urls: Mapping[str, HttpUrl] = Field(default_factory=dict)
    resolvers: Words = ("127.0.0.1:53",)
    contactable: Cidrs = ()
    name_server_port: int = Field(default=53, ge=1, le=65535)

    # ROA data: exactly one source on the machine that refreshes them
    rpki_program: str = "rpki-client"
    rpki_tals: Path = Path("/etc/tals")
    rpki_feed_url: HttpUrl | None = None
    rpki_feed_file: Path | None = None
    rpki_anchors: Words = ("afrinic", "apnic", "arin", "lacnic", "ripe")
    rpki_floor: int = Field(default=500_000, ge=0)
    rpki_minutes: int = Field(default=20, ge=1, le=24 * 60)
    rpki_timeout_seconds: int = Field(default=3600, ge=10)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for given, widest in ((self.ipv4_lengths, (8, 24)), (self.ipv6_lengths, (16, 48))):
            if not widest[0] <= given[0] <= given[1] <= widest[1]:
                raise ValueError(f"lengths {given} do not lie within {widest}")
        for resolver in self.resolvers:
            resolver_address(resolver)
        self._check_registries()
        if (self.letter_key is None) != (self.letter_certificate is None):
            raise ValueError("letter_key and letter_certificate need each other")
        return self

    def _check_registries(self) -> None:
        known = self.all_registries
        named = {one.registry for one in self.registry_overrides} | set(self.waive_irr_at)
        if unknown := sorted(named - set(known)):
            raise ValueError(f"no such registry: {', '.join(unknown)}")
        for key in self.waive_irr_at:
            if known[key].offers_route_objects:
                raise ValueError(f"waive_irr_at: {key} offers route objects, so irr is not waived")

    @property
    def all_registries(self) -> Mapping[str, Registry]:
        """The five RIRs' as the settings leave them, and the operator's own, by key."""
        configured = {one.key: one.registry() for one in self.registries}
        return {one.key: one for one in RIRS} | configured

    @property
    def origins(self) -> frozenset[Asn]:
        """The ASNs we announce from."""
        return frozenset(Asn(number) for number in self.origin_asns)

    @property
    def token_lifetime(self) -> timedelta:
        """How long an ownership token may be used."""
        return timedelta(days=self.token_days)

    @property
    def limits(self) -> Limits:
        """How much may be asked of all API processes together."""
        return Limits(
            per_credential=self.requests_per_credential,
            per_account=self.requests_per_account,
            validations_per_account=self.validations_per_account,
            validations_per_prefix=self.validations_per_prefix,
            preflights_per_account=self.preflights_per_account,
        )

    def base_url(self, host: str, port: int) -> str:
        """The URL customers use, without a slash at the end.

        Raises:
            SettingsError: we listen beyond loopback, and nobody told us our public name.
        """
        if self.public_url:
            return str(self.public_url).rstrip("/")
        if not on_loopback(host):
            raise SettingsError("BYOIP_PUBLIC_URL is required when listening beyond loopback.")
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def resolver_address(text: str) -> tuple[str, int]:
    """Read `address`, `address:port` or `[address]:port`; the port is 53 if none is given."""
    host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    return str(ip_address(host.strip("[]"))), int(port or 53)


def require_origins(settings: Settings) -> None:
    """Refuse to serve customers who could submit nothing.

    Raises:
        SettingsError: no origin ASN is configured.
    """
    if not settings.origin_asns:
        raise SettingsError("BYOIP_ORIGIN_ASNS is required: the ASNs you announce from.")


def on_loopback(host: str) -> bool:
    """Whether nobody else can reach what listens there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read file and environment; `given` (from the command line) wins over both.

    Raises:
        SettingsError: a file that cannot be read, unknown keys, or values that cannot be used.
    """
    known = os.environ if environment is None else environment
    scalars = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in known.items()
        if name.startswith(_PREFIX) and name not in _APART
    }
    if url := known.get(DATABASE_VARIABLE):
        scalars["database_url"] = url
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate(_file(known.get(CONFIG_VARIABLE)) | scalars | chosen)
    except ValidationError as fault:
        raise SettingsError(_explain(fault)) from None


def _file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"{CONFIG_VARIABLE}={path}: {fault}") from None


def _explain(fault: ValidationError) -> str:
    lines = [
        f"{'.'.join(str(part) for part in one['loc']) or 'settings'}: {one['msg']}"
        for one in fault.errors(include_input=False, include_url=False)
    ]
    return "These settings cannot be used:\n" + "\n".join(f"  {line}" for line in lines)


Mode = Literal["sandbox", "production"]
