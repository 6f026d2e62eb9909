"""Route objects of strangers for a prefix and around it, at registries with the holder rule.

Who maintains a route of the prefix, of any origin, or one around it may create routes there: such a
registry asks the maintainers of the address block only where there is no such route
(`RouteAuthentication` of RIPE's whois). With the holder's maintainer beside its own, which it
takes out later, a stranger's route reads as the holder's. Then no route proves anything.

A stranger may remove its route once it has written the token's. So a token counts only where the
registry was seen without it before, and without strangers: from then on nobody but the holder can
let any party write. Whom it lets write for a while it names in the block, and takes out again: so
the block must not have been changed since, by the registry's own word. Both are read out of one
answer, `covering`, which has the routes of the prefix as well, and which is asked for after the
address block: a stranger that the block names would be seen there, and one that was not can be
named by the holder alone. Routes that the registry keeps under another source in the same database
let write as well.
"""

import re
from collections.abc import Sequence
from typing import Final

from byoip.domain.checks.address_holder import (
    AddressBlock,
    in_doubt,
    no_block,
    route_writers,
    smallest_block,
    strangers_at,
    written_by_anyone,
)
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.irr_authorisation import labelled
from byoip.domain.checks.registry import Dialect, Registry, sources_beside
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.claims.ownership_token import same_token
from byoip.domain.foreign_text import listed, shown
from byoip.domain.prefix import Prefix

_MAINTAINER: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,79}", re.ASCII)
_MOST_WRITERS: Final = 100
_MOMENT: Final = re.compile(r"[0-9TZ:.+-]{1,40}", re.ASCII)


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
    return _strangers(source, block, covering) or held


def judge_absence(
    token_value: str,
    label: str,
    registry: Registry,
    blocks: Sequence[RpslObject],
    covering: Sequence[RpslObject],
    prefix: Prefix,
) -> Outcome:
    """Judge whether a token stands nowhere yet, and only the holder may write it.

    Where a registry of RIPE's kind has neither a block nor a route around the prefix nobody may.

    Args:
        token_value: the token as issued.
        label: the operator's label before the token.
        registry: the registry that was asked.
        blocks: inetnum and inet6num objects around the prefix, asked for first.
        covering: its route objects with this prefix and around it, asked for after the blocks.
        prefix: the claimed prefix.
    """
    if doubt := in_doubt(prefix, registry.source, blocks):
        return Unanswered(Fault.GARBAGE, doubt)
    block = smallest_block(prefix, registry.source, blocks)
    if block is None and registry.dialect is not Dialect.RIPE:  # there anyone may write routes
        return no_block(prefix, registry)
    strangers = _strangers(registry.source, block, covering)
    if strangers := strangers or (written_by_anyone(block, prefix) if block else None):
        return strangers
    there = next((one for one in covering if _carries(one, label, token_value)), None)
    if there is not None:
        key = f"{there.object_class} object {shown(there.key)}"
        seen = f"The {key} in {registry.source} has the token already."
        return Failed(Reason.TOKEN_TOO_EARLY, seen, "Issue a new token, and publish that one.")
    writers, _ = may_write(blocks, registry.source, prefix)
    if len(writers) > _MOST_WRITERS or not all(map(_MAINTAINER.fullmatch, writers)):
        return Unanswered(Fault.GARBAGE, f"The maintainers of {block} cannot be read.")
    return Passed(f"{registry.source} has not got the token.")


def may_write(
    blocks: Sequence[RpslObject], source: str, prefix: Prefix
) -> tuple[frozenset[str], str]:
    """Who may write routes of the prefix where no stranger may, in upper case; and since when.

    The second is the block's `last-modified`, which a registry writes itself with each change, also
    one that is taken back later; empty where it has none.
    """
    block = smallest_block(prefix, source, blocks)
    if block is None:
        return frozenset(), ""
    changed = " ".join(one.value for one in block.described.all("last-modified"))
    return block.keepers, changed if _MOMENT.fullmatch(changed) else ""


def _carries(one: RpslObject, label: str, token_value: str) -> bool:
    return any(same_token(value, token_value) for value in labelled(one, label))


def _strangers(
    source: str, block: AddressBlock | None, covering: Sequence[RpslObject]
) -> Outcome | None:
    """Who may write routes by one of these, and does not maintain the block; None: nobody."""
    for one in dict.fromkeys(covering):
        sources = [each.value.upper() for each in one.all("source")]
        if one.names_source and sources[0] not in sources_beside(source):
            continue
        if one.malformed or len(sources) != 1 or not one.all("mnt-by"):
            key = f"{one.object_class}: {one.key}"
            return Unanswered(Fault.GARBAGE, f"A route object cannot be read: {shown(key)}.")
        names = route_writers(one, "mnt-by", "mnt-routes", "mnt-lower")
        if by := block.strangers_among(names) if block else strangers_at(source, names):
            return _written_by_others(one, listed(sorted(by)), block)
    return None


def _written_by_others(one: RpslObject, by: str, block: AddressBlock | None) -> Failed:
    origin = " ".join(each.value for each in one.all("origin"))
    name = f"the {one.object_class} object {shown(one.key)} {shown(origin)}"
    seen = f"By {name} {by} may write routes of this space as well, also in your name."
    holders = listed(sorted(block.holders)) if block else "the holder's maintainer"
    fix = (
        f"Prove ownership in reverse DNS, or have {name} of {by} removed, or taken over: "
        f"{holders} instead of {by}."
    )
    return Failed(Reason.MAINTAINER_NOT_HOLDER, seen, fix)
