"""What a daily look finds: route object and reverse zones, against what stood there before. Pure.

What never stood there cannot be lost: the first answer is what later ones are compared with.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from byoip.domain.checks.address_holder import maintainers_of
from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.irr_authorisation import RouteVerdict
from byoip.domain.checks.reverse_dns.counting import needed, servers_of, showing
from byoip.domain.checks.reverse_dns.observation import (
    Delegation,
    Silent,
    TxtValues,
    ZoneObservation,
)
from byoip.domain.checks.rpsl import RpslObject
from byoip.domain.foreign_text import listed
from byoip.domain.watch.watch import Watch

_GONE: Final = frozenset(
    {
        Reason.ROUTE_OBJECT_MISSING,
        Reason.ROUTE_OBJECT_OTHER_ORIGIN,
        Reason.ROUTE_OBJECT_NOT_AUTHORITATIVE,
    }
)


def hear_route_object(watch: Watch, verdict: RouteVerdict, at: datetime) -> Watch:
    """Whether the route object is there, and its maintainers are the same."""
    outcome = verdict.outcome
    if verdict.authoritative is None:
        if not isinstance(outcome, Failed) or outcome.reason not in _GONE:
            return watch.silent(at, outcome.seen)
        return watch.bad(at, outcome.seen) if watch.baseline else watch.good(at, outcome.seen)
    by = ", ".join(sorted(maintainers_of(verdict.authoritative, "mnt-by")))
    if watch.baseline in {"", by}:
        return replace(watch, baseline=by).good(at, outcome.seen)
    now, was = (listed(one.split(", ")) or "no one" for one in (by, watch.baseline))
    seen = f"Maintained by {now}; it was {was}."
    return watch.bad(at, seen, found=by)


def hear_zones(
    zones: Watch,
    servers: Watch,
    seen: Sequence[ZoneObservation],
    at: datetime,
    *,
    late: bool = False,
) -> tuple[Watch, Watch]:
    """Whether the registry delegates what it did, and to a server of before at least.

    Of a signed zone no delegation is read, so it is watched by neither. What is learnt `late` is
    compared with what comes, and the servers are kept for no proof: they may be the next user's.
    """
    names = {one.zone.name: _names(one) for one in seen}
    before = _kept(zones.baseline)
    if not before:
        first = {zone: found for zone, found in names.items() if found}
        kept = json.dumps(first, sort_keys=True) if first else ""
        said = f"delegated: {listed(sorted(first))}" if first else "No delegation was seen."
        zones = replace(zones, baseline=kept)
        servers = replace(servers, baseline="" if late else kept)
        return zones.good(at, said), servers.good(at, said)
    if lost := [zone for zone in before if names.get(zone) == ()]:
        text = f"Delegated no more: {listed(lost)}."
        return zones.bad(at, text), servers.silent(at, text)
    if unknown := [zone for zone in before if names.get(zone) is None]:
        text = f"Its delegation was not learnt: {listed(unknown)}."
        return zones.silent(at, text), servers.silent(at, text)
    zones = zones.good(at, f"delegated: {listed(sorted(before))}")
    now = {zone: names[zone] or () for zone in before}
    moved = {zone: of for zone, of in now.items() if not {*of} & {*before[zone]}}
    if not moved:
        return zones, servers.good(at, "delegated to a server of before")
    found = json.dumps(moved, sort_keys=True)
    text = listed(f"{zone} is delegated to {listed(of)}" for zone, of in moved.items())
    return zones, servers.bad(at, f"{text}.", found=found)


def same_maintainers(watch: Watch, route: RpslObject) -> bool:
    """Whether the route object has the maintainers that it had."""
    by = ", ".join(sorted(maintainers_of(route, "mnt-by")))
    return bool(by) and watch.baseline == by


def judge_delegations(watch: Watch | None, seen: Sequence[ZoneObservation]) -> Outcome:
    """Whether all zones are delegated, each to the very name servers of before."""
    before = {zone: tuple(of) for zone, of in _kept(watch.baseline if watch else "").items()}
    if not before or not seen:
        return Unanswered(Fault.NOT_ASKED, "No delegation of before, or of now, is known.")
    now = {one.zone.name: _names(one) for one in seen}
    if before == now:
        return Passed(f"delegated as before: {listed(sorted(before))}")
    if unknown := next((one for one in seen if now[one.zone.name] is None), None):
        silent = unknown.resolver
        fault = silent.fault if isinstance(silent, Silent) else Fault.NOT_ASKED
        why = f" {silent.detail}" if isinstance(silent, Silent) else ""
        return Unanswered(fault, f"Its delegation was not learnt: {unknown.zone.name}.{why}")
    other = listed(sorted(zone for zone, of in now.items() if before.get(zone) != of))
    seen_there = f"Not delegated as before: {other}."
    return Failed(Reason.ZONE_NOT_DELEGATED, seen_there, "Prove ownership with a token.")


def maintainers_seen(kept: str) -> frozenset[str]:
    """The maintainers in what a watch of the route object keeps."""
    return frozenset(kept.split(", ")) if kept else frozenset()


def all_moved(watch: Watch) -> bool:
    """Whether every zone is delegated to none of its servers of before."""
    return _kept(watch.found).keys() == _kept(watch.baseline).keys()


def servers_seen(kept: str) -> frozenset[str]:
    """The name servers of all zones in what a watch of the zones keeps."""
    return frozenset(name for names in _kept(kept).values() for name in names)


def _names(seen: ZoneObservation) -> tuple[str, ...] | None:
    """The servers that a zone is delegated to; none: to none; None: that is not known."""
    if seen.registry_zone:
        return ()
    # A walk that got no further than the registry's own zone, without a denial, learnt nothing.
    if seen.obstacle is not None or seen.delegation is None or not seen.delegation.parent:
        return None
    # Nor did one that ends above the zone because nobody there said that nothing is delegated.
    if seen.delegation.zone != seen.zone.name and not _told(seen, seen.delegation):
        return None
    return tuple(sorted(name.lower() for name in seen.delegation.named)) or None


def _told(seen: ZoneObservation, delegation: Delegation) -> bool:
    """Whether more than half of the servers where the walk ends answer out of that very zone.

    Out of a zone below, or by an alias or a delegation, any party that shares a server may answer.
    """
    servers = servers_of(delegation.named, seen.addresses)
    heard = [one.address for one in seen.servers if isinstance(one.answer, TxtValues)]
    return len(showing(servers, delegation.every, heard)) >= needed(len(servers))


def _kept(baseline: str) -> Mapping[str, Sequence[str]]:
    return dict(json.loads(baseline)) if baseline else {}
