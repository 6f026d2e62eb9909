"""What a look finds of reverse zones, signed or not, against what stood there before. Pure.

Only what the zones above say of a delegation counts. A wide prefix has up to 128 zones: each look
is at a share of them, and first at those that said no last, or no level would rise.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.reverse_dns.counting import needed, servers_of, showing
from byoip.domain.checks.reverse_dns.observation import Delegation, DelegationSeen, TxtValues
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.foreign_text import listed
from byoip.domain.watch.watch import Watch

SHARE: Final = 16  # zones of a look, beside as many that said no

_Names = Mapping[str, Sequence[str]]


def to_look_at(every: Sequence[ReverseZone], zones: Watch, servers: Watch) -> Sequence[ReverseZone]:
    """The zones of one look: those that said no, and the share whose turn it is."""
    lost = _lost(zones) or (_kept(zones.baseline) if zones.failing else ())
    no = {*lost, *_kept(servers.found)}
    shares = _shares(len(every))
    share = every[(zones.heard or 0) % shares :: shares]
    return list(dict.fromkeys([*[one for one in every if one.name in no][:SHARE], *share]))


def next_share(zones: Watch, every: int) -> Watch:
    """Remember whose turn it is next, of so many zones; share 0 begins a round."""
    return replace(zones, heard=((zones.heard or 0) + 1) % _shares(every))


def _shares(zones: int) -> int:
    return -(-zones // SHARE)


def hear_zones(
    zones: Watch,
    servers: Watch,
    seen: Sequence[DelegationSeen],
    at: datetime,
    *,
    late: bool = False,
) -> tuple[Watch, Watch]:
    """Whether the registry delegates what it did, and to a server of before at least.

    A zone that is learnt `late` is compared with what comes, and its servers are kept for no proof:
    they may be the next user's.
    """
    names = {one.zone.name: _names(one) for one in seen}
    zones, servers = _learn(zones, servers, names, late=late)
    before = _kept(zones.baseline)
    now = {zone: names[zone] for zone in before if zone in names}
    if not before:
        said = "No delegation was seen."
        return zones.good(at, said), servers.good(at, said)
    lost = [zone for zone, of in now.items() if of == ()]
    left = [zone for zone in _lost(zones) if not now.get(zone)]
    if lost:
        found = json.dumps(sorted({*left, *lost}))
        if not zones.found or {*left} & {*lost}:  # the row of these goes on
            zones = replace(zones, found=found)
        text = f"Delegated no more: {listed(sorted({*left, *lost}))}."
        return zones.bad(at, text, found=found), servers.silent(at, text)
    if unknown := [zone for zone in before if zone in left or now.get(zone, ()) is None]:
        text = f"Its delegation was not learnt: {listed(unknown)}."
        zones = replace(zones, found=json.dumps(left) if left else zones.found)
        return zones.silent(at, text), servers.silent(at, text)
    others = "" if len(now) == len(before) else "; the others are looked at in turn"
    said = f"delegated: {listed(sorted(now))}{others}" if now else zones.seen
    zones = zones.good(at, said)
    return zones, _hear_servers(servers, before, {zone: of or () for zone, of in now.items()}, at)


def _hear_servers(servers: Watch, before: _Names, now: _Names, at: datetime) -> Watch:
    was = _kept(servers.found)
    moved = {zone: [*of] for zone, of in now.items() if not {*of} & {*before[zone]}}
    left = {zone: of for zone, of in was.items() if zone not in now}
    found = json.dumps({**left, **moved}, sort_keys=True)
    if moved:
        if any(was.get(zone) == of for zone, of in moved.items()):  # the row of these goes on
            servers = replace(servers, found=found)
        all_of_them = {**left, **moved}.items()
        text = listed(f"{zone} is delegated to {listed(of)}" for zone, of in all_of_them)
        return servers.bad(at, f"{text}.", found=found)
    if left:
        text = f"Its delegation was not learnt: {listed(left)}."
        return replace(servers, found=found).silent(at, text)
    return servers.good(at, "delegated to a server of before")


def _learn(
    zones: Watch, servers: Watch, names: Mapping[str, tuple[str, ...] | None], *, late: bool
) -> tuple[Watch, Watch]:
    """Keep the zones that are new, and while they tell of the proof, their servers for it."""
    before = _kept(zones.baseline)
    kept = _kept(servers.baseline) if before else {}
    new = {zone: of for zone, of in names.items() if of and zone not in before}
    of_proof = {} if late else {zone: of for zone, of in names.items() if of and zone not in kept}
    return (
        replace(zones, baseline=_keep({**before, **new})),
        replace(servers, baseline=_keep({**kept, **of_proof})),
    )


def judge_delegations(watch: Watch | None, seen: Sequence[DelegationSeen]) -> Outcome:
    """Whether all are delegated to the very servers as it was proven, and where to none, to none.

    So one that was not looked at then, as by an older version, asks for a token, once.
    """
    before = {zone: tuple(of) for zone, of in _kept(watch.baseline if watch else "").items()}
    now = {one.zone.name: _names(one) for one in seen}
    if before.keys().isdisjoint(now):
        return Unanswered(Fault.NOT_ASKED, "No delegation of before, or of now, is known.")
    if unknown := next((one for one in seen if now[one.zone.name] is None), None):
        silent = unknown.obstacle
        why = f" {silent.seen}" if silent else ""
        fault = silent.fault if silent else Fault.NOT_ASKED
        return Unanswered(fault, f"Its delegation was not learnt: {unknown.zone.name}.{why}")
    if other := sorted(zone for zone, of in now.items() if before.get(zone, ()) != of):
        seen_there = f"Not delegated as before: {listed(other)}."
        return Failed(Reason.ZONE_NOT_DELEGATED, seen_there, "Prove ownership with a token.")
    return Passed(f"delegated as before: {listed(sorted(before.keys() & now.keys()))}")


def all_moved(servers: Watch, zones: Watch) -> bool:
    """Whether every zone is delegated to none of its servers of before.

    One that is delegated for the first time counts where it is to those that the others moved to.
    """
    every, moved = _kept(zones.baseline), _kept(servers.found)
    to = servers_seen(servers.found)
    return bool(every) and all(zone in moved or to.issuperset(of) for zone, of in every.items())


def servers_seen(kept: str) -> frozenset[str]:
    """The name servers of all zones in what a watch of the zones keeps."""
    return frozenset(name for names in _kept(kept).values() for name in names)


def _names(seen: DelegationSeen) -> tuple[str, ...] | None:
    """The servers that a zone is delegated to; none: to none; None: that is not known."""
    if seen.registry_zone:
        return () if seen.delegation is None or _told(seen, seen.delegation) else None
    # A walk that got no further than the registry's own zone, without a denial, learnt nothing.
    if seen.obstacle is not None or seen.delegation is None or not seen.delegation.parent:
        return None
    # Nor did one that ends above the zone because nobody there said that nothing is delegated.
    if seen.delegation.zone != seen.zone.name and not _told(seen, seen.delegation):
        return None
    return tuple(sorted(name.lower() for name in seen.delegation.named)) or None


def _told(seen: DelegationSeen, delegation: Delegation) -> bool:
    """Whether more than half of the servers where the walk ends answer out of that very zone.

    Out of a zone below, or by an alias or a delegation, any party that shares a server may answer.
    """
    servers = servers_of(delegation.named, seen.addresses)
    heard = [one.address for one in seen.servers if isinstance(one.answer, TxtValues)]
    return len(showing(servers, delegation.every, heard)) >= needed(len(servers))


def _kept(baseline: str) -> Mapping[str, Sequence[str]]:
    return dict(json.loads(baseline)) if baseline else {}


def _keep(names: _Names) -> str:
    return json.dumps(names, sort_keys=True) if names else ""


def _lost(zones: Watch) -> Collection[str]:
    return list(json.loads(zones.found)) if zones.found else ()
