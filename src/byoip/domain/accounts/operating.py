"""What an operator may do besides prefixes, and what is refused."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias
from uuid import UUID

from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Scope
from byoip.domain.customer_text import CustomerText, InvalidText
from byoip.domain.errors import Refusal
from byoip.domain.prefix import Prefix

Address: TypeAlias = IPv4Address | IPv6Address

NAME_LIMIT = 200
# Edge routers belong to the operator, not to a customer.
OPERATOR_SCOPES = frozenset({Scope.OPERATOR, Scope.EDGE_READ, Scope.EDGE_ACK})


class OverlapsApproved(Refusal):
    """Approved prefixes never overlap, whoever says so."""

    name = "overlaps_approved_prefix"

    def __init__(self, prefix: Prefix, account_id: UUID) -> None:
        super().__init__(
            f"It overlaps {prefix}, which is approved for account {account_id.hex}: revoke that "
            "first."
        )


class SpaceReserved(Refusal):
    """The operator keeps the space for somebody else."""

    name = "space_reserved"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"{prefix} overlaps space that the operator has reserved: ask the operator.",
            pointer="/cidr",
        )


class OverlapsReservation(Refusal):
    """An address is reserved once."""

    name = "overlaps_reservation"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"{prefix} overlaps a reservation that exists: release that one first.",
            pointer="/cidr",
        )


class ReservationLengthRefused(Refusal):
    """Wider than anything that may be brought."""

    name = "reservation_length_refused"

    def __init__(self, prefix: Prefix) -> None:
        super().__init__(
            f"{prefix} is too wide: reserve IPv4 from /8, IPv6 from /16.", pointer="/cidr"
        )


class ReservationNotFound(Refusal):
    """No such reservation, or it was released."""

    name = "reservation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such reservation.")


class ServiceInUse(Refusal):
    """Bindings rest on the service."""

    name = "service_in_use"

    def __init__(self, why: str) -> None:
        super().__init__(f"The service is in use: {why}.")


class ServiceExists(Refusal):
    """Names of services are unique among those offered."""

    name = "service_exists"

    def __init__(self) -> None:
        super().__init__("A service of this name is offered already.", pointer="/name")


class ServiceNotOffered(Refusal):
    """No such service, or it was retired."""

    name = "service_not_offered"

    def __init__(self) -> None:
        super().__init__("There is no such service.")


class ScopesRefused(Refusal):
    """Customers' and operators' credentials have scopes of their own."""

    name = "scopes_refused"

    def __init__(self, allowed: Iterable[Scope]) -> None:
        super().__init__(
            f"Such a credential may have these scopes: {', '.join(sorted(allowed))}.",
            pointer="/scopes",
        )


class ExpiryRefused(Refusal):
    """A credential expires in the future, or never."""

    name = "credential_expiry_refused"

    def __init__(self) -> None:
        super().__init__("The credential would have expired already.", pointer="/expires_at")


class CredentialNotFound(Refusal):
    """No such credential, or it was revoked before."""

    name = "credential_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such credential, or it was revoked before.")


class RegistryUnknown(Refusal):
    """A registry that the settings do not name."""

    name = "registry_unknown"

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(f"Name one of {', '.join(sorted(known))}.", pointer="/registry")


class OverrideNotFound(Refusal):
    """No such override, or it was removed."""

    name = "registry_override_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such override; those of the settings are changed there.")


class SnapshotNotFound(Refusal):
    """No such attempt to take ROA data or statistics."""

    name = "snapshot_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such snapshot.")


class SnapshotNotAcceptable(Refusal):
    """Not a refused snapshot that could be used all the same."""

    name = "snapshot_not_acceptable"

    def __init__(self, why: str) -> None:
        super().__init__(f"Nothing has changed: {why}.")


class InvalidAddress(Refusal):
    """The text is not an IP address."""

    name = "invalid_address"

    def __init__(self) -> None:
        super().__init__("The path must end in one IPv4 or IPv6 address, without a length.")


@dataclass(frozen=True, slots=True)
class Reservation:
    """Space that only one account may claim, or nobody.

    Attributes:
        account_id: who may; None while nobody may.
    """

    id: UUID
    prefix: Prefix
    account_id: UUID | None
    reason: CustomerText
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RegistryOverride:
    """The operator's word on which registry is responsible for a range."""

    id: UUID
    prefix: Prefix
    registry: str
    reason: CustomerText
    created_at: datetime


def stated_reason(text: str) -> CustomerText:
    """Why an operator does something; never empty.

    Raises:
        InvalidText: empty, too long, or with characters that cannot be shown.
    """
    return _said(text, "/reason")


def stated_name(text: str) -> CustomerText:
    """What an operator calls something; never empty.

    Raises:
        InvalidText: empty, too long, or with characters that cannot be shown.
    """
    if len(text) > NAME_LIMIT or len(unicodedata.normalize("NFC", text)) > NAME_LIMIT:
        raise InvalidText(f"it is longer than {NAME_LIMIT} characters", "/name")
    return _said(text, "/name")


def _said(text: str, pointer: str) -> CustomerText:
    said = CustomerText.parse(text.strip(), pointer=pointer)
    if not said.value:
        raise InvalidText("it is empty", pointer)
    return said


def fitting_scopes(account_id: UUID | None, wanted: frozenset[Scope]) -> frozenset[Scope]:
    """The scopes of a new credential; the usual ones where none are named.

    Raises:
        ScopesRefused: an operator's on an account's credential, or the other way round.
    """
    allowed = OPERATOR_SCOPES if account_id is None else CUSTOMER_SCOPES
    usual = frozenset({Scope.OPERATOR}) if account_id is None else CUSTOMER_SCOPES
    if not wanted <= allowed:
        raise ScopesRefused(allowed)
    return wanted or usual


def may_be_default_only(nested: int) -> None:
    """Refuse to take parts of prefixes from a service that serves some.

    Raises:
        ServiceInUse: it does.
    """
    if nested:
        raise ServiceInUse(f"{nested} of its bindings span less than their prefix")


def reservable(prefix: Prefix) -> Prefix:
    """Refuse what is wider than any prefix that may be brought.

    Raises:
        ReservationLengthRefused: it is.
    """
    if prefix.length < (8 if prefix.family == 4 else 16):  # noqa: PLR2004 - family and lengths
        raise ReservationLengthRefused(prefix)
    return prefix


def parse_address(text: str) -> Address:
    """One address; no zone, no length, no other script's digits.

    Raises:
        InvalidAddress: anything else.
    """
    try:
        if "%" in text or not text.isascii():
            raise InvalidAddress
        return ip_address(text)
    except ValueError:
        raise InvalidAddress from None
