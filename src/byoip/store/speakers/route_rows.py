"""Rows of `route_statements.py` as the domain has them, and what those take."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from byoip.domain.asn import Asn
from byoip.domain.prefix import known_prefix
from byoip.domain.routes.route import Path, Route
from byoip.domain.speakers.reconciliation import AppliedRoute, DesiredRoute, RouteState
from byoip.store.statements import AnyRow

_MOST_SHOWN: Final = 32  # ASes or communities of a path: those of ours are few


def changes(desired_routes: Iterable[DesiredRoute]) -> dict[str, Any]:
    """Of each row and change, as statements take them; in their order, so that locks are, too."""
    known = sorted((one.bgp_prefix_id.hex, one.change) for one in desired_routes)
    ids, numbers = [one for one, _ in known], [str(change) for _, change in known]
    return {"ids": array(ids), "changes": array(numbers)}


def array(words: Iterable[str]) -> str:
    """Plain words as the driver would write them one by one, which takes it long."""
    return f"{{{','.join(words)}}}"


def state(row: AnyRow) -> RouteState:
    """A row of STATES."""
    return RouteState(desired(row), AppliedRoute() if row.may_hold is None else applied(row))


def applied(row: AnyRow) -> AppliedRoute:
    """What a speaker was told, of a row of STATES or UNSETTLED."""
    return _applied(row.may_hold, row.given, row.given_change)


def unsettled(row: AnyRow) -> DesiredRoute:
    """A row of UNSETTLED."""
    return desired(row, turned=row.turned, superseded=row.superseded, account_id=row.account_id)


def desired(row: AnyRow, **more: Any) -> DesiredRoute:
    """What a row says of its route."""
    return DesiredRoute(
        bgp_prefix_id=row.id,
        claim_id=row.prefix_id,
        route=_route(row.cidr, row.asn, row.prepend, row.behind),
        advertised=row.advertised,
        change=row.change,
        settled=row.settled,
        at=row.at,
        withdrawal_id=row.withdrawal_id,
        request_id=row.request_id,
        unreleased=row.unreleased,
        **more,
    )


# Read again and again, of thousands of rows; no one changes what is made here.
@lru_cache(2**17)
def _route(cidr: str, asn: int, prepend: int, behind: int | None) -> Route:
    return Route(known_prefix(cidr), Asn(asn), prepend, None if behind is None else Asn(behind))


@lru_cache(1024)
def _applied(may_hold: bool, given: bool, change: int) -> AppliedRoute:  # noqa: FBT001 - of a row
    return AppliedRoute(may_hold, given, change)


def orphan(path: Path) -> dict[str, Any]:
    """A row of `orphan_routes`."""
    return {"cidr": str(path.prefix), "path": shown(path)}


def shown(path: Path) -> dict[str, Any]:
    """A path as it is kept and told: to be recognised, however long it is."""
    return {
        "as_path": [one.number for one in path.as_path[:_MOST_SHOWN]],
        "next_hop": str(path.next_hop),
        "communities": sorted(str(one) for one in path.communities)[:_MOST_SHOWN],
    }
