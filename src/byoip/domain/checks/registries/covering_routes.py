"""Route objects of strangers for a prefix and around it, at registries with the holder rule.

Who maintains a route of the prefix, of any origin, or one around it may create routes there: such a
registry asks the maintainers of the address block only where there is no such route
(`RouteAuthentication` of RIPE's whois). With the holder's maintainer beside its own, which it
takes out later, a stranger's route reads as the holder's. Then no route proves anything.
"""

from collections.abc import Sequence

from byoip.domain.checks.address_holder import AddressBlock, route_writers, smallest_block
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.foreign_text import listed, shown
from byoip.domain.prefix import Prefix


def judge_covering(
    held: Passed,
    route: RpslObject,
    source: str,
    blocks: Sequence[RpslObject],
    covering: Sequence[RpslObject],
    prefix: Prefix,
) -> Outcome:
    """Judge whether a stranger may have written the route that passes by the holder rule.

    Args:
        held: what `judge_token` said of it.
        route: the object that carries the token.
        source: of the registry responsible.
        blocks: the address blocks that `judge_token` had.
        covering: the registry's route objects with this prefix and around it, the route among them.
        prefix: the claimed prefix.
    """
    block = smallest_block(prefix, source, blocks)
    if block is None or route not in covering:
        text = f"{source} gave other route objects for {prefix} than a moment before."
        return Unanswered(Fault.GARBAGE, text, "Wait until its answers agree: it is asked again.")
    for one in dict.fromkeys(covering):
        sources = [each.value.upper() for each in one.all("source")]
        if len(sources) == 1 and sources[0] != source.upper():
            continue
        if one.malformed or len(sources) != 1 or not one.all("mnt-by"):
            key = f"{one.object_class}: {one.key}"
            return Unanswered(Fault.GARBAGE, f"A route object cannot be read: {shown(key)}.")
        if by := block.strangers_among(route_writers(one, "mnt-by", "mnt-routes", "mnt-lower")):
            return _written_by_others(one, listed(sorted(by)), block)
    return held


def _written_by_others(one: RpslObject, by: str, block: AddressBlock) -> Failed:
    origin = " ".join(each.value for each in one.all("origin"))
    name = f"the {one.object_class} object {shown(one.key)} {shown(origin)}"
    seen = f"By {name} {by} may write routes of this space as well, also in your name."
    fix = (
        f"Prove ownership in reverse DNS, or have {name} of {by} removed, or taken over: "
        f"{listed(sorted(block.holders))} instead of {by}."
    )
    return Failed(Reason.MAINTAINER_NOT_HOLDER, seen, fix)
