"""What readers show of customers' own AS numbers, and of disputes about them."""

from dataclasses import dataclass
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.asns.asn_dispute import AsnDispute
from byoip.domain.asns.own_asn import OwnAsn
from byoip.domain.claims.lifecycle import State
from byoip.domain.prefix import Prefix


@dataclass(frozen=True, slots=True)
class Member:
    """A number that stands behind the operator's, with the prefixes that have it: see `members`."""

    asn: Asn
    cidrs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AsnParty:
    """One side of a dispute: its number, which it may have given up since."""

    own: OwnAsn
    account_name: str


@dataclass(frozen=True, slots=True)
class AsnDisputeView:
    """A dispute about an AS number, as operators see it."""

    dispute: AsnDispute
    holder: AsnParty
    claimant: AsnParty


@dataclass(frozen=True, slots=True)
class NamedPrefix:
    """A prefix that has an AS number of its account as its origin.

    Attributes:
        announced: a route of it is desired.
    """

    id: UUID
    cidr: Prefix
    state: State
    announced: bool
