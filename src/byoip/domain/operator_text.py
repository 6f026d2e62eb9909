"""What operators write: names of things, and the reason that every write of theirs gives."""

import unicodedata

from byoip.domain.customer_text import CustomerText, InvalidText

NAME_LIMIT = 200


def stated_reason(text: str) -> CustomerText:
    """Why an operator does something; never empty.

    Raises:
        InvalidText: empty, too long, or with characters that cannot be shown.
    """
    return _stated(text, "/reason")


def stated_name(text: str) -> CustomerText:
    """What an operator calls something; never empty, at most 200 characters.

    Raises:
        InvalidText: empty, too long, or with characters that cannot be shown.
    """
    if len(text) > NAME_LIMIT or len(unicodedata.normalize("NFC", text)) > NAME_LIMIT:
        raise InvalidText(f"it is longer than {NAME_LIMIT} characters", "/name")
    return _stated(text, "/name")


def _stated(text: str, pointer: str) -> CustomerText:
    stated = CustomerText.parse(text.strip(), pointer=pointer)
    if not stated.value:
        raise InvalidText("it is empty", pointer)
    return stated
