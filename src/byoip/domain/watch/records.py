"""What a daily look finds of a route object, against what stood there before. Pure.

What never stood there cannot be lost: the first answer is what later ones are compared with.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from byoip.domain.checks.address_holder import maintainers_of
from byoip.domain.checks.evidence import Failed, Reason
from byoip.domain.checks.irr_authorisation import RouteVerdict
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


def same_maintainers(watch: Watch, route: RpslObject) -> bool:
    """Whether the route object has the maintainers that it had."""
    by = ", ".join(sorted(maintainers_of(route, "mnt-by")))
    return bool(by) and watch.baseline == by


def maintainers_seen(kept: str) -> frozenset[str]:
    """The maintainers in what a watch of the route object keeps."""
    return frozenset(kept.split(", ")) if kept else frozenset()
