from ipaddress import IPv4Address, IPv6Address

import pytest

from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import Community, PathAttributes, Route

OURS, OTHER = Asn(64500), Asn(64501)
PREFIX = Prefix.parse("192.0.2.0/24")
ASKED = (Community(64500, 101), Community(64500, 102), Community(64500, 103))
HERE = PathAttributes(
    OURS, IPv4Address("203.0.113.1"), communities=frozenset({Community.parse("64500:1")})
)


@pytest.mark.parametrize(
    ("marking", "route", "as_path", "communities"),
    [
        (HERE, Route(PREFIX, OURS), (), {"64500:1"}),
        (HERE, Route(PREFIX, OURS, 2), (OURS, OURS), {"64500:1"}),
        (HERE, Route(PREFIX, OTHER), (OTHER,), {"64500:1"}),
        (HERE, Route(PREFIX, OTHER, 1), (OTHER, OTHER), {"64500:1"}),
        (
            PathAttributes(OURS, IPv4Address("203.0.113.1"), prepends=ASKED),
            Route(PREFIX, OURS, 2),
            (),
            {"64500:102"},
        ),
        (
            PathAttributes(OURS, IPv4Address("203.0.113.1"), prepends=ASKED),
            Route(PREFIX, OTHER),
            (OTHER,),
            set(),
        ),
    ],
)
def test_a_speaker_marks_what_it_announces(
    marking: PathAttributes, route: Route, as_path: tuple[Asn, ...], communities: set[str]
) -> None:
    path = marking.path(route)
    assert path is not None
    assert path.as_path == as_path
    assert {str(one) for one in path.communities} == communities
    assert path.next_hop == IPv4Address("203.0.113.1")


def test_a_family_without_a_next_hop_is_not_announced() -> None:
    wide = Prefix.parse("2001:db8::/48")
    assert HERE.path(Route(wide, OURS)) is None
    both = PathAttributes(OURS, IPv4Address("203.0.113.1"), IPv6Address("2001:db8::1"))
    path = both.path(Route(wide, OURS))
    assert path is not None
    assert path.next_hop == IPv6Address("2001:db8::1")


@pytest.mark.parametrize(
    "text", ["", "64500", "64500:", "65536:1", "1:65536", "a:b", "1:2:3", "-1:2"]
)
def test_what_is_no_community_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="community"):
        Community.parse(text)


@pytest.mark.parametrize("prepend", [-1, 4])
def test_a_path_is_made_longer_by_at_most_three(prepend: int) -> None:
    with pytest.raises(ValueError, match="prepends"):
        Route(PREFIX, OURS, prepend)
