"""One IP address, as operators ask who answers for it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

from byoip.domain.errors import Refusal
from byoip.domain.prefix import Network, PrefixPolicy

Address: TypeAlias = IPv4Address | IPv6Address

_ANY: Final = PrefixPolicy()


class InvalidAddress(Refusal):
    """The text is not an IP address."""

    name = "invalid_address"

    def __init__(self) -> None:
        super().__init__("The path must end in one IPv4 or IPv6 address, without a length.")


def parse_address(text: str) -> Address:
    """Read one address: ASCII digits only, without zone or length.

    Raises:
        InvalidAddress: anything else.
    """
    try:
        if "%" in text or not text.isascii():
            raise InvalidAddress
        return ip_address(text)
    except ValueError:
        raise InvalidAddress from None


def prefixes_around(address: Address) -> Sequence[Network]:
    """All networks with the address in them that an account may bring, the largest first.

    17 of IPv4, 33 of IPv6.
    """
    lengths = _ANY.ipv4_lengths if isinstance(address, IPv4Address) else _ANY.ipv6_lengths
    return [ip_network((address, length), strict=False) for length in lengths]
