"""Remarks beside a success: code, name and text. Codes are apart from those of errors."""

from byoip.api.schemas.envelope import Message

NO_CHANGE = Message(
    code=2000,
    name="no_change",
    message="Everything is as you want it already: nothing was changed.",
)
NO_SPEAKERS = Message(
    code=2001,
    name="no_speakers",
    message="No BGP speaker is configured: what would be announced is recorded, and nothing is "
    "announced.",
)
MESSAGES = (NO_CHANGE, NO_SPEAKERS)
