"""Registration data (RDAP, RFC 9082 and 9083): to whom is what given, in whose words?"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import RawAnswer
from byoip.domain.checks.registry import Registry
from byoip.domain.prefix import Prefix
from byoip.domain.rdap.said import Said


@dataclass(frozen=True, slots=True)
class HolderQuestion:
    """One question to the registry responsible, on behalf of one account.

    Attributes:
        all_here: the registry has the space itself: no national registry may have the detail, and
            we do not only guess that it is responsible. Without it "not found" is no absence.
    """

    registry: Registry
    prefix: Prefix
    account_id: UUID
    all_here: bool


@dataclass(frozen=True, slots=True)
class NumberQuestion:
    """The same about an AS number; that it is not found is no absence."""

    registry: Registry
    asn: Asn
    account_id: UUID


@dataclass(frozen=True, slots=True)
class HolderAnswer:
    """What was said, and the evidence of it."""

    said: Said
    exhibit: RawAnswer


class RegistrationData(Protocol):
    """What does the registry say of the smallest network around a prefix, or of an AS number?"""

    async def look_up(self, question: HolderQuestion | NumberQuestion) -> HolderAnswer:
        """Ask once, within a deadline and a size limit; never raises for what the other does.

        The registry of the question has a URL (`rdap_url`).
        """
        ...
