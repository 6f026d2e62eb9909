"""Remarks beside a success: code, name and text. Codes are apart from those of errors."""

from byoip.api.border.envelope import Message

NO_CHANGE = Message(
    code=2000, name="no_change", message="Everything was as requested already: nothing was changed."
)
NO_SPEAKERS = Message(
    code=2001,
    name="no_speakers",
    message="No BGP speaker is configured: what would be announced is recorded, and nothing is "
    "announced.",
)
OFFBOARDING = Message(
    code=2010,
    name="on_its_way_out",
    message="Its routes are withdrawn, then its bindings end, and after the grace it is closed: "
    "`events` report each step, and POST .../restore brings everything back until then. Remove the "
    "operator's ROA last.",
)
ROUTE_WITHHELD = 2011, "route_withheld"
ROUTE_OWED = 2012, "route_owed"
MESSAGES = (OFFBOARDING, NO_CHANGE, NO_SPEAKERS)
