"""Does the aut-num object of a number carry the token? Pure: it judges the objects found.

RFC 2622, section 6. The key is compared as a number, and the source exactly: copies of objects of
other regions stand in other sources (RIPE-NONAUTH), where anyone may have written them.
"""

import re
from collections.abc import Sequence
from typing import Final

from byoip.domain.asn import Asn
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.irr_authorisation import labelled
from byoip.domain.checks.registries.remedies import remarks_line, token_line
from byoip.domain.checks.registry import Registry
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.claims.ownership_token import same_token
from byoip.domain.foreign_text import listed

_KEY: Final = re.compile(r"AS0*([0-9]{1,10})", re.ASCII | re.IGNORECASE)
# LACNIC makes descr and remarks itself; a holder may edit no more than tech-c.
TAKE_NO_TOKEN: Final = frozenset({"lacnic"})


def takes_token(registry: Registry) -> bool:
    """Whether a holder can write a token into an aut-num object there."""
    return registry.offers_route_objects and registry.key not in TAKE_NO_TOKEN


def others_write_routes(registry: Registry) -> bool:
    """Whether a prefix's route object says nothing there of the holder's numbers.

    Without the holder rule it need not be the holder's: at ARIN a customer to whom a whole block
    was reassigned may write it. LACNIC's are made from ROAs.
    """
    return takes_token(registry) and not registry.holder_rule


def no_token(asn: Asn, registry: Registry) -> Failed:
    """What remains where no token can be placed."""
    return Failed(
        Reason.AUT_NUM_TAKES_NO_TOKEN,
        f"{registry.key} has no field of an aut-num object that the holder may edit.",
        f"Bring a prefix that {registry.key} has given, as a whole, to the holder of {asn}, prove "
        "it by its route object, and ask again two days later; or ask the operator to approve the "
        "number.",
    )


def judge_aut_num(
    asn: Asn, registry: Registry, objects: Sequence[RpslObject], token: str, label: str
) -> Outcome:
    """Judge whether the registry's own object of this number carries the token.

    The token is one whole physical line of `descr` or `remarks`; other fields hold words of others.
    """
    own = [one for one in dict.fromkeys(objects) if _names(one, asn) and _is_of(one, registry)]
    line = remarks_line(token_line(label, token))
    place = f"the aut-num object of {asn} in {registry.source} ({registry.host})"
    if not own:
        seen = f"{registry.source} has no aut-num object of {asn}."
        return Failed(Reason.AUT_NUM_MISSING, seen, f"Create {place}, with this line:\n\n{line}\n")
    if len(own) > 1:
        seen = f"{registry.source} gave {len(own)} different objects of {asn}."
        return Unanswered(Fault.GARBAGE, seen)
    (found,) = own
    if found.malformed:
        seen = f"The aut-num object of {asn} cannot be read."
        return Failed(Reason.AUT_NUM_MALFORMED, seen, f"Correct {place}.")
    values = labelled(found, label)
    if any(same_token(value, token) for value in values):
        return Passed(f"The aut-num object of {asn} in {registry.source} carries the token.")
    fix = f"Add this line to {place}:\n\n{line}\n"
    if values:
        seen = f"Another token stands after {label}: {listed(values)}."
        return Failed(Reason.TOKEN_OTHER, seen, fix)
    return Failed(Reason.TOKEN_MISSING, f"No line of descr or remarks starts with {label}:", fix)


def _names(described: RpslObject, asn: Asn) -> bool:
    found = _KEY.fullmatch(described.key)
    return found is not None and int(found[1]) == asn.number


def _is_of(described: RpslObject, registry: Registry) -> bool:
    sources = described.all("source")
    return len(sources) == 1 and sources[0].value.upper() == registry.source.upper()
