"""Whether space that was frozen for a change of holder is its account's, who proves it. Pure.

After a sale the old account still has its old zone and route object, so its proof counts only where
others than before vouch for it: maintainers, or a delegation, that were not there as it was frozen.
And only after 14 days in which no other account claims the space. Else a person decides; so it is
where it gave its approval up, of any account that proves the space: it may be behind that as well.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from byoip.domain.checks.evidence import Check
from byoip.domain.checks.reverse_zone import ReverseZone
from byoip.domain.watch.levels import LADDERS, Signal
from byoip.domain.watch.records import maintainers_seen
from byoip.domain.watch.watch import Watch
from byoip.domain.watch.zones import all_moved, all_servers, servers_seen

UNCLAIMED_FOR: Final = timedelta(days=14)

_RECORDED: Final = (Signal.ROUTE_OBJECT, Signal.REVERSE_ZONE, Signal.ZONE_SERVERS)

Stood = Mapping[str, Collection[str]]


def stood(
    known: Mapping[Signal, Watch], zones: Sequence[ReverseZone], now: datetime
) -> dict[str, list[str]]:
    """What stood there as it was frozen, by signal: names that vouch for nobody from now on.

    What no look has answered lately is left out, and then no answer of later counts as changed.
    Nor does any where the last look at one of the prefix's `zones` did not learn its servers.
    """
    route, zone, servers = (known.get(one, Watch(one)) for one in _RECORDED)
    found: dict[Signal, frozenset[str]] = {}
    if route.baseline and _answered(route, now):
        found[route.signal] = maintainers_seen(route.baseline) | maintainers_seen(route.found)
    # Servers have no answer where a zone is lost, as after a sale: that is one of its delegation.
    if (every := all_servers(zone, zones)) is not None and _answered(zone, now):
        found[servers.signal] = servers_seen(servers.baseline) | servers_seen(servers.found) | every
    return {signal.value: sorted(names) for signal, names in found.items()}


def vouched_anew(
    known: Mapping[Signal, Watch],
    before: Stood,
    passed: Mapping[Check, frozenset[str]],
    now: datetime,
) -> bool:
    """Whether the proof that has passed rests on others than stood there before.

    The last look says so, and the proof itself: looks are made from one place, whose way to the
    servers may be led elsewhere for a moment, while the old zone still has the token.

    Args:
        known: the signals of the last looks.
        before: what `stood` gave.
        passed: by which of its two ways ownership was proven just now, and who vouched.
        now: the moment.
    """
    ways = (
        (Check.OWNERSHIP_IRR, Signal.ROUTE_OBJECT, maintainers_seen),
        (Check.OWNERSHIP_RDNS, Signal.ZONE_SERVERS, servers_seen),
    )
    for check, signal, seen in ways:
        watch = known.get(signal)
        if check not in passed or signal.value not in before or watch is None:
            continue
        zones = known.get(Signal.REVERSE_ZONE, Watch(Signal.REVERSE_ZONE))
        if signal is Signal.ZONE_SERVERS and not all_moved(watch, zones):
            continue
        stood_before = {*before[signal]}
        each = seen(watch.found), passed[check]
        changed = all(names and not names & stood_before for names in each)
        if watch.failing and _answered(watch, now) and changed:
            return True
    return False


def _answered(watch: Watch, now: datetime) -> bool:
    gap = LADDERS[watch.signal].longest_gap
    return (
        not watch.doubt
        and watch.looked_at is not None
        and (gap is None or now - watch.looked_at <= gap)
    )
