"""What blockers and reasons mean: the words behind their anchors on the page of errors."""

from collections.abc import Mapping
from typing import Final

from byoip.domain.checks.evidence import CheckState, Reason

_CHECKS: Final = {
    "irr": "the route object at the registry of the space",
    "rpki": "origin validation by the newest ROA data",
    "ownership": "the ownership token",
}
_STATES: Final = {
    CheckState.PENDING: "has not been asked for yet, or had no answer",
    CheckState.MISSING: "was looked for and not found",
    CheckState.MISMATCH_ASN: "names another origin",
    CheckState.INVALID: "was found, and does not count; the message says why",
    CheckState.EXPIRED: "can no longer be proven: its time is over",
}
BLOCKERS: Final[Mapping[str, str]] = {
    **{
        f"{check}_{state.value}": f"{what[0].upper()}{what[1:]} {how}."
        for check, what in _CHECKS.items()
        for state, how in _STATES.items()
    },
    **{
        f"{check}_outdated": f"{what[0].upper()}{what[1:]} passed, but not within the last hour, "
        "as approval needs: ask for validation."
        for check, what in _CHECKS.items()
    },
    "ownership_token_needed": "No token is in force: it expired, was revoked, or served its "
    "approval. The message says which, and how to get another.",
    "space_not_held": "By the registries' statistics nobody holds the space, or not one party "
    "alone: nothing that you publish would prove it. The message says which part.",
    "other_origins_known": "Other networks originate this space: publish ROAs for those first, or "
    "they become invalid.",
    "other_origins_unknown": "It is not known yet which other networks originate this space.",
    "offboarding_waits": "The prefix is on its way out; the message says what that waits for.",
}
REASONS: Final[Mapping[Reason, str]] = {
    Reason.NOT_ALLOCATED: "The statistics of the registries know part of the space as nobody's.",
    Reason.SPANS_REGISTRIES: "The space belongs to more than one registry: bring each part alone.",
    Reason.ROUTE_OBJECT_MISSING: "The registry has no route object for exactly this prefix.",
    Reason.ROUTE_OBJECT_OTHER_ORIGIN: "The route object names another origin.",
    Reason.ROUTE_OBJECT_NOT_AUTHORITATIVE: "The route object is not at the registry responsible.",
    Reason.ROUTE_OBJECT_MALFORMED: "The route object cannot be read.",
    Reason.ROUTE_OBJECTS_NOT_OFFERED: "The registry offers no route objects: prove it in rDNS.",
    Reason.TOKEN_MISSING: "The token was not found where it was to be published.",
    Reason.TOKEN_OTHER: "A token was found, and it is another one: publish the newest.",
    Reason.TOKEN_NOT_IN_EVERY_ZONE: "Some reverse zones of the prefix lack the token.",
    Reason.TOKEN_EXPIRED: "The token has expired: asking for validation issues another one.",
    Reason.TOKEN_REVOKED: "The token was revoked, or a newer one has replaced it.",
    Reason.TOKEN_TOO_EARLY: "The token was in the route object before the registry was seen "
    "without it, so another than the holder may have written it: publish the new one in its place.",
    Reason.MAINTAINER_NOT_HOLDER: "The route object has a maintainer who does not maintain the "
    "address block around it.",
    Reason.ADDRESS_BLOCK_MISSING: "The registry shows no address block around the prefix, so its "
    "maintainers are not known.",
    Reason.ALIAS_IN_ANSWER: "The name of the token is an alias: publish the TXT record itself.",
    Reason.DNSSEC_BOGUS: "The signatures of the reverse zone do not hold: repair them.",
    Reason.ZONE_NOT_DELEGATED: "The registry delegates this reverse zone to no name servers.",
    Reason.SERVERS_CONTRADICT: "The name servers of the zone do not all show the token.",
    Reason.SERVER_REFUSED_BY_POLICY: "A name server stands where none may be asked.",
    Reason.PERSPECTIVES_DISAGREE: "Other places do not see what was seen here.",
    Reason.ROA_MISSING: "No ROA covers the prefix.",
    Reason.ROA_OTHER_ORIGIN: "The ROAs that cover it authorise other origins.",
    Reason.ROA_MAX_LENGTH: "The ROA authorises the origin for shorter prefixes only.",
    Reason.ASN_NOT_ASSIGNED: "The statistics of the registries know the AS number as nobody's.",
    Reason.AUT_NUM_MISSING: "The registry has no aut-num object of the AS number.",
    Reason.AUT_NUM_MALFORMED: "The aut-num object cannot be read.",
    Reason.AUT_NUM_TAKES_NO_TOKEN: "The registry's aut-num objects take no lines of ours: prove it "
    "another way.",
    Reason.ASPA_EXCLUDES_OPERATOR: "The ASPA of the AS number does not name the operator as "
    "provider.",
    Reason.ASPA_MISSING: "The AS number has no ASPA.",
    Reason.ROA_AS0: "A ROA for AS0 says that nobody may originate it.",
}


def documented_at(name: str) -> str:
    """Where a blocker, a reason or a refusal is explained, below the server's address."""
    return f"/errors#{name}"
