"""Questions about mail: have one sent."""

from typing import Protocol

from byoip.domain.mail.addressee import Taken
from byoip.domain.mail.letter import Mail


class Mailer(Protocol):
    """Sends by the operator's own mail server."""

    async def send(self, mail: Mail) -> tuple[Taken, str]:
        """Send once, within a deadline; whether it was taken, and what the server said.

        The words are fit to be shown. Whatever the server does is a value.
        """
