"""What a letter says of an origin that is the customer's own AS number, not the operator's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import OwnAsn, ProvenBy
from byoip.domain.letters.witnesses import registry_name

# What it was proven by, without the registry's or the operator's own words: strangers read it.
_BY: Final[Mapping[ProvenBy, str]] = MappingProxyType(
    {
        ProvenBy.TOKEN: "a single-use token stood in its aut-num object{at}",
        ProvenBy.HOLDER: "it is given{at} to the holder of a prefix that the account has proven",
        ProvenBy.OPERATOR: "the operator took it as proven",
    }
)


@dataclass(frozen=True, slots=True)
class OwnOrigin:
    """A customer's AS number as the origin, behind the operator's.

    Attributes:
        behind: the operator's AS, which stands before it in the path.
        proven: how this account has proven the number, in words.
        proven_at: when.
        aspa: what the number's ASPA says of the operator, in words; or that there is none.
    """

    behind: Asn
    proven: str
    proven_at: datetime
    aspa: str

    def __str__(self) -> str:
        at = f"{self.proven_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"the customer's own, proven at {at}: {self.proven}. {self.aspa}"


def proven_in_words(own: OwnAsn) -> str:
    """How a number was proven; it is proven."""
    at = f" at {registry_name(own.registry)}" if own.registry else ""
    return "" if own.proven_by is None else _BY[own.proven_by].format(at=at)
