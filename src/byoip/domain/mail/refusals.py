"""What is refused about addresses of mail."""

from typing import Final

from byoip.domain.errors import Refusal

ADDRESSES_PER_ACCOUNT: Final = 20


class MailAddressNotFound(Refusal):
    """The account has no such address."""

    name = "mail_address_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such address of mail.")


class MailNotOffered(Refusal):
    """There is no server that would take mail."""

    name = "mail_not_offered"

    def __init__(self) -> None:
        super().__init__(
            "This operator sends no mail: it has configured no smtp_host. Nothing was changed."
        )


class TooManyMailAddresses(Refusal):
    """The account has as many as it may have."""

    name = "mail_address_quota_reached"

    def __init__(self) -> None:
        super().__init__(
            f"This account has {ADDRESSES_PER_ACCOUNT} addresses of mail, its quota: remove one."
        )


class MailAddressKnown(Refusal):
    """The account has this address already."""

    name = "mail_address_known"

    def __init__(self) -> None:
        super().__init__("This account has this address already.", pointer="/address")


class MailCodeRefused(Refusal):
    """It is not the code that was sent, or it is over."""

    name = "mail_code_refused"

    def __init__(self) -> None:
        super().__init__(
            "This is not the code that was sent last, or a day has passed since.", pointer="/code"
        )


class MailCodeTooSoon(Refusal):
    """This address was sent a code a short while ago."""

    name = "mail_code_too_soon"

    def __init__(self, minutes: int) -> None:
        super().__init__(
            f"A code for this address was asked for less than {minutes} minutes ago: look for that "
            "mail, or wait."
        )


class MailAddressVerified(Refusal):
    """It needs no code."""

    name = "mail_address_verified"

    def __init__(self) -> None:
        super().__init__("This address is verified already.")
