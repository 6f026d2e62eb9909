"""An address of mail, as far as we send to it: what needs no quoting, and has a domain name."""

import re
from typing import Final

from byoip.domain.errors import Refusal

_LONGEST: Final = 254  # RFC 5321, section 4.5.3.1.3, without the angle brackets
# A dot-atom (RFC 5322, section 3.2.3) of 64 characters at most, and names of the DNS.
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII | re.IGNORECASE)
_LONGEST_LOCAL: Final = 64


class MailAddressRefused(Refusal):
    """No mail is sent there."""

    name = "mail_address_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"This address is refused: {why}.", pointer="/address")


def mail_address(given: str) -> str:
    """The address with its domain in lower case; nothing of it can end a line or an address.

    Raises:
        MailAddressRefused: no mail is sent there.
    """
    if len(given) > _LONGEST:
        raise MailAddressRefused(f"it is longer than {_LONGEST} characters")
    local, at, domain = given.rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise MailAddressRefused("it is not of the form name@example.net")
    labels = domain.split(".")
    fit = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and labels[-1][0].isalpha()
    if not fit:
        raise MailAddressRefused("what follows @ is not a domain name with a dot in it")
    return f"{local}@{domain.lower()}"
