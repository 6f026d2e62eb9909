"""Which events are told by mail, under which topic, and what takes back what is not sent yet."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final


class Topic(StrEnum):
    """What people want to hear of."""

    RPKI = "rpki"  # drift and recovery, ASPAs among them
    VISIBILITY = "visibility"  # routes that are lost, and seen again
    STANDING = "standing"  # contested, disputed, suspended, another account's, in order again
    ENDING = "ending"  # claims, tokens and proofs that are about to end, webhooks that have
    LEVELS = "levels"  # what was proven is no longer so; freezes
    OFFBOARDING = "offboarding"


TOLD: Final[Mapping[str, Topic]] = {
    "rpki.drifted": Topic.RPKI,
    "rpki.recovered": Topic.RPKI,
    "aspa.excludes_operator": Topic.RPKI,
    "aspa.recovered": Topic.RPKI,
    "bgp_prefix.lost": Topic.VISIBILITY,
    "bgp_prefix.seen_again": Topic.VISIBILITY,
    "prefix.contested": Topic.STANDING,
    "prefix.suspended": Topic.STANDING,
    "prefix.ok": Topic.STANDING,
    "prefix.pending": Topic.STANDING,
    "dispute.opened": Topic.STANDING,
    "dispute.ended": Topic.STANDING,
    "prefix.moved": Topic.STANDING,
    "prefix.closing": Topic.ENDING,
    "prefix.closed": Topic.ENDING,
    "token.expiring": Topic.ENDING,
    "proof.expiring": Topic.ENDING,
    "watch.raised": Topic.LEVELS,
    "watch.recovered": Topic.LEVELS,
    "prefix.frozen": Topic.LEVELS,
    "prefix.unfrozen": Topic.LEVELS,
    "prefix.still_frozen": Topic.LEVELS,
    "prefix.offboarding": Topic.OFFBOARDING,
    "offboarding.waiting": Topic.OFFBOARDING,
    "offboarding.withdrawn": Topic.OFFBOARDING,
    "offboarding.unbound": Topic.OFFBOARDING,
    "offboarding.finished": Topic.OFFBOARDING,
    "offboarding.cut_short": Topic.OFFBOARDING,
    "offboarding.restored": Topic.OFFBOARDING,
    "offboarding.cancelled": Topic.OFFBOARDING,
    "offboarding.contested": Topic.OFFBOARDING,
    "offboarding.uncontested": Topic.OFFBOARDING,
}

# What says that the other is over: of two in one mail neither is told.
TAKES_BACK: Final[Mapping[str, str]] = {
    "rpki.recovered": "rpki.drifted",
    "aspa.recovered": "aspa.excludes_operator",
    "bgp_prefix.seen_again": "bgp_prefix.lost",
    "watch.recovered": "watch.raised",
}


def told_kinds(topics: Sequence[Topic]) -> frozenset[str]:
    """Kinds of events of these topics; of all where none is given."""
    return frozenset(kind for kind, topic in TOLD.items() if not topics or topic in topics)
