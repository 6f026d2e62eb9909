"""One IP address, as operators ask who answers for it."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from byoip.domain.errors import Refusal

Address: TypeAlias = IPv4Address | IPv6Address


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
