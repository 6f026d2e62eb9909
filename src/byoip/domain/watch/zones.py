"""What a look finds of reverse zones, signed or not, against what stood there before. Pure.

Only what the zones above say of a delegation counts. A wide prefix has up to 128 zones: each look
is at a share of them, each zone's turn comes once in a round, and a round is a day's. So each zone
that says no has a row of answers of its own: what another one says, or that it says nothing, adds
nothing to that and takes nothing away. What the last look at each zone learnt is kept as well.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from byoip.domain.checks.evidence import Failed, Fault, Outcome, Passed, Reason, Unanswered
from byoip.domain.checks.reverse_dns.counting import needed, servers_of, showing
from byoip.domain.checks.reverse_dns.observation import Delegation, DelegationSeen, TxtValues
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.foreign_text import listed
from byoip.domain.watch.watch import Watch

SHARE: Final = 16  # zones of a look
_LAST: Final = ""  # the name of no zone: versions before pass it over in a baseline

_Names = Mapping[str, Sequence[str]]


def to_look_at(every: Sequence[ReverseZone], zones: Watch) -> Sequence[ReverseZone]:
    """The zones of one look: the share whose turn it is."""
    return every[_share(zones, len(every)) :: _shares(len(every))]


def begins_round(zones: Watch, every: int) -> bool:
    """Whether the next look is the day's first, of so many zones."""
    return _share(zones, every) == 0


def next_share(zones: Watch, every: int, *, again: bool = False) -> Watch:
    """Remember whose turn it is next, of so many zones; share 0 begins a round.

    With `again` it is this share's once more, unless that was it already: who is silent at will
    keeps no other zone from its turn.
    """
    share, shares = _share(zones, every), _shares(every)
    if again and (zones.heard or 0) < shares:
        return replace(zones, heard=share + shares)
    return replace(zones, heard=(share + 1) % shares)


def _share(zones: Watch, every: int) -> int:
    return (zones.heard or 0) % _shares(every)


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
    asked = [zone for zone in before or names if zone in names]
    now = {zone: of for zone in asked if (of := names[zone]) is not None}
    unknown = [zone for zone in asked if zone not in now]
    doubt = _ended(f"Its delegation was not learnt: {listed(unknown)}") if unknown else ""
    if not before:
        if any(one.obstacle is not None for one in seen):
            return zones.silent(at, doubt), servers.silent(at, doubt)
        said = "No delegation was seen."
        return zones.good(at, said), servers.good(at, said)
    if rows := _rows_after(zones, now, at):
        zones = replace(_lost(zones, rows, at), doubt=doubt)
        return zones, servers.silent(at, zones.seen)
    if zones.failing or (now and not doubt):
        others = "" if len(now) == len(before) else "; the others are looked at in turn"
        zones = zones.good(at, f"delegated: {listed(sorted(now))}{others}")
    zones = replace(zones, looked_at=at, doubt=doubt)
    return zones, _hear_servers(servers, before, now, at, doubt)


def _rows_after(
    zones: Watch, now: Mapping[str, tuple[str, ...]], at: datetime
) -> Mapping[str, Watch]:
    """The rows of all zones that say no: a yes ends one, an answer that does not come neither."""
    rows = _rows(zones)
    for zone, of in now.items():
        if of:
            rows.pop(zone, None)
        else:
            rows[zone] = rows.get(zone, Watch(zones.signal)).bad(at, "")
    return rows


def _lost(zones: Watch, rows: Mapping[str, Watch], at: datetime) -> Watch:
    """As high as the longest of these rows."""
    since = [one.failing_since for one in rows.values() if one.failing_since]
    until = [one.failing_until for one in rows.values() if one.failing_until]
    return replace(
        zones,
        looked_at=at,
        failing_since=min(since),
        failing_until=max(until, default=None),
        level=max((zones.level, *(one.level for one in rows.values())), key=lambda one: one.rank),
        seen=_ended(f"Delegated no more: {listed(sorted(rows))}"),
        found=json.dumps({zone: _times(one) for zone, one in sorted(rows.items())}),
    )


def _times(row: Watch) -> Sequence[str | None]:
    times = row.failing_since, row.failing_until
    return [None if one is None else one.isoformat() for one in times]


def _rows(zones: Watch) -> dict[str, Watch]:
    """Of each zone that says no its own row of answers."""
    if not zones.failing:
        return {}
    kept: Any = json.loads(zones.found) if zones.found else _kept(zones.baseline)
    if not zones.found or isinstance(kept, list):  # of an older version, which had one row for all
        of_all = zones.failing_since, zones.failing_until
        return {zone: _row(zones, *of_all) for zone in kept}
    return {
        zone: _row(zones, *(one and datetime.fromisoformat(one) for one in times))
        for zone, times in kept.items()
    }


def _row(zones: Watch, since: datetime | None, until: datetime | None) -> Watch:
    return Watch(zones.signal, failing_since=since, failing_until=until)


def _hear_servers(servers: Watch, before: _Names, now: _Names, at: datetime, doubt: str) -> Watch:
    was = _kept(servers.found)
    moved = {zone: [*of] for zone, of in now.items() if not {*of} & {*before[zone]}}
    away = {**{zone: of for zone, of in was.items() if zone not in now}, **moved}
    found = json.dumps(away, sort_keys=True)
    if any(away.get(zone) == of for zone, of in was.items()):  # the row of these goes on
        servers = replace(servers, found=found)
    if moved:
        text = listed(f"{zone} is delegated to {listed(of)}" for zone, of in away.items())
        servers = servers.bad(at, _ended(text), found=found)
    elif not away and (servers.failing or (now and not doubt)):
        servers = servers.good(at, "delegated to a server of before")
    return replace(servers, looked_at=at, doubt=doubt)


def _learn(
    zones: Watch, servers: Watch, names: Mapping[str, tuple[str, ...] | None], *, late: bool
) -> tuple[Watch, Watch]:
    """Keep the zones that are new, and while they tell of the proof, their servers for it.

    And of each zone what it is delegated to by its last look, if that has learnt it.
    """
    before = _kept(zones.baseline)
    kept = _kept(servers.baseline) if before else {}
    new = {zone: of for zone, of in names.items() if of and zone not in before}
    of_proof = {} if late else {zone: of for zone, of in names.items() if of and zone not in kept}
    last: dict[str, Sequence[str] | None] = {**_last(zones.baseline), **names}
    learnt = {zone: of for zone, of in last.items() if of is not None}
    every = {**before, **new}
    return (
        replace(zones, baseline=_keep({**every, _LAST: learnt} if every else {})),
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
        said = _ended(f"Its delegation was not learnt: {unknown.zone.name}")
        return Unanswered(fault, f"{said}{why}")
    if other := sorted(zone for zone, of in now.items() if before.get(zone, ()) != of):
        seen_there = _ended(f"Not delegated as before: {listed(other)}")
        return Failed(Reason.ZONE_NOT_DELEGATED, seen_there, "Prove ownership with a token.")
    return Passed(f"delegated as before: {listed(sorted(before.keys() & now.keys()))}")


def all_moved(servers: Watch, zones: Watch) -> bool:
    """Whether every zone is delegated to none of its servers of before.

    One that is delegated for the first time counts where it is to those that the others moved to.
    """
    every, moved = _kept(zones.baseline), _kept(servers.found)
    to = servers_seen(servers.found)
    return bool(every) and all(zone in moved or to.issuperset(of) for zone, of in every.items())


def all_servers(zones: Watch, every: Sequence[ReverseZone]) -> frozenset[str] | None:
    """The servers of all these zones, of before and by the last looks; None: one was not learnt."""
    last = _last(zones.baseline)
    if any(zone.name not in last for zone in every):
        return None
    return servers_seen(zones.baseline).union(*last.values())


def servers_seen(kept: str) -> frozenset[str]:
    """The name servers of all zones in what a watch of the zones keeps."""
    return frozenset(name for names in _kept(kept).values() for name in names)


def _ended(text: str) -> str:
    """With a full stop at the end: names of zones end with the root's."""
    return f"{text.removesuffix('.')}."


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


def _kept(baseline: str) -> _Names:
    kept = dict(json.loads(baseline)) if baseline else {}
    return {zone: of for zone, of in kept.items() if zone != _LAST}


def _last(baseline: str) -> _Names:
    return dict(json.loads(baseline).get(_LAST, {})) if baseline else {}


def _keep(names: Mapping[str, object]) -> str:
    return json.dumps(names, sort_keys=True) if names else ""
