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
NO_NEXT_HOP = Message(
    code=2002,
    name="no_next_hop",
    message="No BGP speaker has a next hop for this address family: what is desired is recorded, "
    "and announced nowhere before the operator gives them one.",
)
FEW_NEXT_HOPS = Message(
    code=2003,
    name="few_next_hops",
    message="Some BGP speakers have no next hop for this address family: it is announced by the "
    "others only.",
)
NOT_YET_APPLIED = 2004, "not_yet_applied"
NO_SPEAKER = Message(
    code=2005,
    name="no_speaker",
    message="What is shown as advertised is what was asked: no BGP speaker is configured, so "
    "nothing is announced.",
)
TOKEN_REISSUED = Message(
    code=2020,
    name="token_reissued",
    message="The token had expired: ownership_validation_token is its successor. Publish it, then "
    "ask for validation again; this run asks about the other checks.",
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
BIND_AGAIN = 2013, "bind_again"
MESSAGES = (
    OFFBOARDING,
    NO_CHANGE,
    NO_SPEAKERS,
    NO_NEXT_HOP,
    FEW_NEXT_HOPS,
    NO_SPEAKER,
    TOKEN_REISSUED,
)
