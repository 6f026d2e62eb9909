"""The parts of the settings, and how their texts are parsed."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl

from byoip.domain.checks.registry import Budget, Dialect, Registry
from byoip.domain.checks.reverse_zone import valid_label
from byoip.domain.checks.rirs import RIRS
from byoip.domain.mail.address import MailAddressRefused, mail_address
from byoip.domain.prefix import InvalidPrefix, Prefix
from byoip.store.database_url import parameters


def split(given: object) -> object:
    """A list of scalars, where the environment separates them by commas."""
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


def label_text(given: str) -> str:
    """One lower-case DNS label."""
    if not valid_label(given):
        raise ValueError("is not one lower-case DNS label")
    return given


def database_address(given: str) -> str:
    """A database URL that means the same servers to every part."""
    parameters(given)
    return given


def sender_address(given: str) -> str:
    """An address of mail that can stand in From."""
    try:
        return mail_address(given)
    except MailAddressRefused as refusal:
        raise ValueError(refusal.message) from None


def plain_url(given: HttpUrl) -> HttpUrl:
    """A base URL: what is asked is added to its path."""
    if given.username or given.password or given.query or given.fragment:
        raise ValueError("is not a base URL: it has more than scheme, host, port and path")
    if given.scheme != "https" and not on_loopback(given.host or ""):
        raise ValueError("is not an https URL")
    return given


Cidr = Annotated[Prefix, BeforeValidator(_cidr)]
Cidrs = Annotated[tuple[Cidr, ...], BeforeValidator(split)]
AsnText = Annotated[int, BeforeValidator(_asn), Field(ge=1, le=2**32 - 1)]
Asns = Annotated[tuple[AsnText, ...], BeforeValidator(split)]
OriginText = Annotated[
    str, Field(pattern=r"^https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?$")
]
"""As a browser sends it (RFC 6454, section 6.2): no path, no `*`, not `null`."""
Origins = Annotated[tuple[OriginText, ...], BeforeValidator(split)]
Words = Annotated[tuple[str, ...], BeforeValidator(split)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Ports = Annotated[tuple[PortNumber, ...], BeforeValidator(split), Field(min_length=1)]
Lengths = Annotated[tuple[int, int], BeforeValidator(_lengths)]


class Part(BaseModel):
    """A frozen piece of the settings; keys it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class BudgetSettings(Part):
    """How much all workers together may ask of one registry."""

    connections: int = Field(default=2, ge=1)
    per_minute: int = Field(default=60, ge=1)
    per_day: int = Field(default=5000, ge=1)


class RegistrySettings(Part):
    """`[[registries]]`: adds a registry, or replaces the one of the same key."""

    key: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    source: str = Field(pattern=r"^[A-Z][A-Z0-9-]{0,30}$")
    host: str = Field(min_length=1)
    port: int = Field(default=43, ge=1, le=65535)
    dialect: Dialect
    rest_url: HttpUrl | None = None
    holder_rule: bool = False
    objects_from_roas: bool = False
    offers_route_objects: bool = True
    budget: BudgetSettings = BudgetSettings()

    def registry(self) -> Registry:
        """The domain's value. One that replaces an RIR keeps what it does not name.

        So a new budget switches off no rule. Over TLS another host is not asked.
        """
        given = {name: getattr(self, name) for name in self.model_fields_set}
        given["budget"] = Budget(**self.budget.model_dump())
        if self.rest_url:
            given["rest_url"] = str(self.rest_url)
        replaced = next((one for one in RIRS if one.key == self.key), None)
        if replaced is None:
            return Registry(**given)
        if self.host != replaced.host:
            replaced = replace(replaced, rest_url=None)
        return replace(replaced, **given)


class OverrideSettings(Part):
    """`[[registry_overrides]]`: the registry that the operator names for a range."""

    prefix: Cidr
    registry: str


class ServiceSettings(Part):
    """`[[services]]`: something customers may bind."""

    name: str = Field(min_length=1, max_length=100)
    default_only: bool = False


def resolver_address(text: str) -> tuple[str, int]:
    """Read `address`, `address:port` or `[address]:port`; the port is 53 if none is given."""
    host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    return str(ip_address(host.strip("[]"))), int(port or 53)


def on_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
