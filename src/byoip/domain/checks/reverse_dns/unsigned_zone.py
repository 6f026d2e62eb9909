"""Does a zone without DNSSEC carry the token? By the word of its name servers, asked directly.

The party that runs one of them may be hostile. So every authoritative answer without the token
contradicts, from whichever server it came; and those that confirm are named by the zone's parent,
by all of the parent's servers that answer, and are more than half of what the parent names.
"""

from collections.abc import Iterable

from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.reverse_dns.advice import bare, too_few
from byoip.domain.checks.reverse_dns.counting import Server, needed, servers_of, showing
from byoip.domain.checks.reverse_dns.observation import (
    Alias,
    Beneath,
    DelegatedAway,
    NeverContacted,
    ServerObservation,
    TxtValues,
    ZoneObservation,
)
from byoip.domain.claims.ownership_token import same_token
from byoip.domain.foreign_text import listed

_NO_SERVER = Unanswered(
    Fault.LAME,
    "has no name server that the parent zone names",
    "Have the zone delegated to its name servers at the registry.",
)


def judge_unsigned(observed: ZoneObservation, token: str) -> Outcome:
    """Judge it: what says no decides, then what kept us from asking, then how many said yes."""
    away = [one.answer for one in observed.servers if isinstance(one.answer, Alias | DelegatedAway)]
    if away:
        return elsewhere(away[0])
    heard = [one for one in observed.servers if isinstance(one.answer, TxtValues | Beneath)]
    no = [one for one in heard if not among(token, _values(one))]
    sure = [one for one in heard if isinstance(one.answer, TxtValues)]
    yes = {one.address for one in sure if one not in no}
    if yes and no:
        where = listed(f"{bare(one.server)} ({one.address})" for one in no)
        return refuse(Reason.SERVERS_CONTRADICT, f"carries the token, but not at {where}")
    if any(one in no for one in sure):
        found = [value for one in no for value in _values(one)]
        return lacking(found, observed.registry_zone)
    return observed.obstacle or _count(observed, yes)


def among(token: str, values: Iterable[str]) -> bool:
    """Whether one of the values is the token."""
    return any(same_token(value, token) for value in values)


def lacking(values: Iterable[str], registry_zone: str) -> Failed:
    """The token is not among what stands there; nothing can, where nothing is delegated."""
    found = listed(values)
    if found:
        return refuse(Reason.TOKEN_OTHER, f"has other text there: {found}")
    if registry_zone:
        seen = f"the lowest zone is {bare(registry_zone)}, which is the registry's own"
        return refuse(Reason.ZONE_NOT_DELEGATED, f"is not delegated: {seen}")
    return refuse(Reason.TOKEN_MISSING, "has no TXT record there")


def elsewhere(answer: Alias | DelegatedAway) -> Failed:
    """The name is another party's to fill."""
    kind = "an alias" if isinstance(answer, Alias) else "a delegation"
    return refuse(Reason.ALIAS_IN_ANSWER, f"has {kind} there, to {bare(answer.target)}")


def refuse(reason: Reason, seen: str) -> Failed:
    """A no of one zone: what to do is said once for all zones."""
    return Failed(reason, seen, "")


def _values(one: ServerObservation) -> tuple[str, ...]:
    return one.answer.values if isinstance(one.answer, TxtValues | Beneath) else ()


def _count(observed: ZoneObservation, yes: set[str]) -> Outcome:
    """Whether enough servers show the token, where all that answered do."""
    delegation = observed.delegation
    if delegation is None or not delegation.named:
        return _NO_SERVER
    servers = servers_of(delegation.named, _addresses(observed))
    confirmed = showing(servers, delegation.every, yes)
    if len(confirmed) >= needed(len(servers)):
        names = frozenset(name for one in confirmed for name in one.names)
        return Passed("carries the token", by=names & {*delegation.every})
    rest = [one for one in servers if one not in confirmed]
    avoided = [one for one in rest if _avoided(one, observed.servers)]
    # A registry's own servers are another's to move.
    if delegation.parent and len(servers) - len(avoided) < needed(len(servers)):
        hosts = listed(sorted({address for one in avoided for address in one.addresses}))
        seen = f"has addresses that we never contact: {hosts}"
        return refuse(Reason.SERVER_REFUSED_BY_POLICY, seen)
    what = f"shows the token at {len(confirmed)} of {len(servers)} name servers"
    return too_few(what, observed.servers, delegation, servers, confirmed)


def _avoided(server: Server, observed: Iterable[ServerObservation]) -> bool:
    answers = [one.answer for one in observed if one.server in server.names]
    return bool(answers) and all(isinstance(one, NeverContacted) for one in answers)


def _addresses(observed: ZoneObservation) -> dict[str, frozenset[str]]:
    """The addresses of every name: all it has, or at least those that were asked."""
    asked: dict[str, frozenset[str]] = {}
    for one in observed.servers:
        if one.address:
            asked[one.server] = asked.get(one.server, frozenset()) | {one.address}
    return {**asked, **observed.addresses}
