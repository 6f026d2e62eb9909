"""What readers show of customers' own AS numbers."""

from dataclasses import dataclass

from byoip.domain.asn import Asn


@dataclass(frozen=True, slots=True)
class Member:
    """A number that stands behind the operator's, with the approved prefixes that have it."""

    asn: Asn
    cidrs: tuple[str, ...]
