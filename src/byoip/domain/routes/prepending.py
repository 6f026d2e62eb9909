"""A prepend that removes the route: a router drops a path with its own AS in it as a loop.

A speaker whose own AS is the origin sends neighbours in that AS, such as a route reflector, an
empty path. Where the prepends stand in the path itself, it then holds their AS (RFC 4271, section
9.1.2), and the route is gone there, although the speaker says that it sends it.
"""

from collections.abc import Iterable

from byoip.domain.asn import Asn
from byoip.domain.errors import Refusal
from byoip.domain.routes.route import PathAttributes, Route


class PrependWouldRemove(Refusal):
    """Repeating the origin in the path would make routers of that AS drop the route."""

    name = "prepend_would_remove"

    def __init__(self, origin: Asn) -> None:
        super().__init__(
            f"A router in {origin} would drop a path that repeats {origin} as a loop, and the "
            "route would be gone there: nothing was changed. Take the prepends away "
            "(asn_prepend_count 0), or have the operator ask for them by communities instead.",
            pointer="/asn_prepend_count",
        )


def prepends_lost_as(attributes: PathAttributes, neighbours: Iterable[Asn]) -> Asn | None:
    """The origin whose prepends a neighbour of this speaker would drop; None: prepend at will.

    Args:
        attributes: of the speaker, its own AS among them.
        neighbours: the AS of each.
    """
    return None if attributes.prepends else internal_as(attributes.local_as, neighbours)


def internal_as(local_as: Asn | None, neighbours: Iterable[Asn]) -> Asn | None:
    """The AS of a speaker, if one of its neighbours is in it, too."""
    return local_as if local_as in set(neighbours) else None


def is_lost(route: Route, lost_as: Asn | None) -> bool:
    """Whether the route is prepended in a way that a neighbour drops."""
    return route.prepend > 0 and route.origin == lost_as
