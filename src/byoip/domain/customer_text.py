"""Text written by customers and operators: bounded, and safe to show."""

import unicodedata
from dataclasses import dataclass

from byoip.domain.errors import Refusal

LONGEST = 1000


class InvalidText(Refusal):
    """The text cannot be kept."""

    name = "invalid_text"

    def __init__(self, why: str, pointer: str | None = None) -> None:
        super().__init__(f"This text is refused: {why}.", pointer=pointer)


@dataclass(frozen=True, slots=True)
class CustomerText:
    """Text written by a customer: NFC, printable, bounded to 1,000 characters.

    No control characters (NUL is an error in Postgres, escape sequences one in a terminal), no
    lone surrogates (they cannot be encoded), no bidirectional overrides (they forge what is read).
    """

    value: str

    @classmethod
    def parse(cls, text: str, *, pointer: str | None = None) -> "CustomerText":
        """Normalise to NFC and check; `pointer` says where in a request body the text stood.

        Raises:
            InvalidText: too long, or with characters that cannot be shown safely.
        """
        # The length is judged twice: before normalising, so that a huge text costs nothing.
        if len(text) > LONGEST or len(normal := unicodedata.normalize("NFC", text)) > LONGEST:
            raise InvalidText(f"it is longer than {LONGEST} characters", pointer)
        for char in normal:
            if unicodedata.category(char) in {"Cc", "Cs", "Cn", "Co"} or _steers_direction(char):
                raise InvalidText(f"it contains the character U+{ord(char):04X}", pointer)
        return cls(normal)

    def __str__(self) -> str:
        return self.value


def _steers_direction(char: str) -> bool:
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"
