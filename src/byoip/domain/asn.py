"""Autonomous system numbers, and which of them may originate a customer's prefix."""

from collections.abc import Collection
from dataclasses import dataclass

from byoip.domain.errors import Refusal

LAST_ASN = 2**32 - 1

# RFC 7607 (0), 6793 (23456), 5398 (documentation), 6996 (private use), 7300 (last of each width).
_RESERVED = (
    range(1),
    range(23456, 23457),
    range(64496, 64512),
    range(64512, 65535),
    range(65535, 65536),
    range(65536, 65552),
    range(4200000000, 4294967295),
    range(4294967295, 4294967296),
)


class InvalidAsn(Refusal):
    """The number is not a 32-bit AS number."""

    name = "invalid_asn"

    def __init__(self, number: object) -> None:
        super().__init__(
            f"{number!r:.40} is not an AS number: give an integer from 1 to {LAST_ASN}.",
            pointer="/asn",
        )


class OriginNotOffered(Refusal):
    """The origin ASN is not one of the operator's own."""

    name = "origin_asn_not_offered"

    def __init__(
        self, asn: "Asn", offered: "Collection[Asn]", *, pointer: str | None = "/asn"
    ) -> None:
        names = ", ".join(str(one) for one in sorted(offered))
        super().__init__(
            f"{asn} cannot be the origin: this operator announces prefixes from {names}, and from "
            "an AS number that the account itself has proven (POST .../asns).",
            pointer=pointer,
        )


@dataclass(frozen=True, slots=True, order=True)
class Asn:
    """An autonomous system number, 32 bits wide (RFC 6793). 0 exists, but never originates."""

    number: int

    def __post_init__(self) -> None:
        if not 0 <= self.number <= LAST_ASN:
            raise InvalidAsn(self.number)

    @property
    def reserved(self) -> bool:
        """Whether no network on the Internet may use it (RFC 7607, 6793, 5398, 6996, 7300)."""
        return any(self.number in numbers for numbers in _RESERVED)

    def __str__(self) -> str:
        return f"AS{self.number}"


AS0 = Asn(0)


def choose_origin(asn: Asn, offered: Collection[Asn], *, proven: bool = False) -> None:
    """Refuse an origin that is neither the operator's nor the account's own.

    Raises:
        OriginNotOffered: `asn` is not among `offered`, and the account has not `proven` it.
    """
    if asn not in offered and not proven:
        raise OriginNotOffered(asn, offered)
