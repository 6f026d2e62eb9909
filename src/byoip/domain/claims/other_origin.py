"""Who else is known to announce a claimed space."""

from dataclasses import dataclass

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix


@dataclass(frozen=True, slots=True)
class OtherOrigin:
    """Another origin that is known for the claimed space."""

    asn: Asn
    prefix: Prefix
    where: str  # "route object in RIPE" or "ROA"
