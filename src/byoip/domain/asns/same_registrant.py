"""Does a registry name one registrant for an AS number and for a network that was proven?

By registration data (RDAP). Handles mean something at one registry only; the registry itself must
have given the network as a whole, or a holder above may have written whose it is.
"""

from byoip.domain.prefix import Prefix
from byoip.domain.rdap.network import Registrant
from byoip.domain.rdap.said import Said

_LEGACY = "LEGACY"  # its holder writes it without the registry


def same_registrant(numbers: Said, space: Said, prefix: Prefix, registry: str) -> Registrant | None:
    """Whom both name; None: they do not, or one of them says nothing.

    Args:
        numbers: what was said of the AS number.
        space: what was said of the smallest network around the prefix.
        prefix: proven; it has to be the whole network.
        registry: key of the one responsible for both, whose own servers must have answered.
    """
    of, network = numbers.numbers, space.network
    if of is None or network is None or {numbers.registry, space.registry} != {registry}:
        return None
    whole = network.contains(prefix) and network.size == prefix.network.num_addresses
    if not whole or network.given_on or network.type.upper() == _LEGACY:
        return None
    named, holder = of.registrant, network.registrant
    if named is None or holder is None or not named.handle or named.handle != holder.handle:
        return None
    return named
