"""The records of what is refused about mail."""

from byoip.api.problems.record import conflict, invalid, not_found
from byoip.domain.mail import refusals
from byoip.domain.mail.address import MailAddressRefused

REFUSALS = (
    not_found(1980, refusals.MailAddressNotFound(), "List the account's addresses of mail."),
    conflict(1981, refusals.MailNotOffered(), "Use webhooks or `GET .../events`."),
    conflict(1982, refusals.TooManyMailAddresses(), "Remove an address that is not needed."),
    conflict(1983, refusals.MailAddressKnown(), "List the account's addresses of mail."),
    invalid(
        1984,
        MailAddressRefused("it is not of the form name@example.net"),
        "Give an address of ASCII characters that needs no quotation marks.",
    ),
    invalid(1985, refusals.MailCodeRefused(), "`POST .../code` sends another one."),
    conflict(1986, refusals.MailCodeTooSoon(10), "Look for the mail with the code, or wait."),
    conflict(1987, refusals.MailAddressVerified(), "Nothing: it gets mail."),
)
