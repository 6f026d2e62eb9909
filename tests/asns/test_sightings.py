"""A customer announces from its own AS, too: ours is the route with our AS next to it."""

from ipaddress import ip_address

import pytest

from byoip.adapters.speakers.bird_paths import next_to_origin
from byoip.domain.asn import Asn
from byoip.domain.prefix import Prefix
from byoip.domain.routes.route import PathAttributes, Route
from byoip.domain.speakers.sightings import Seen, carries

PREFIX = Prefix.parse("31.0.0.0/23")
CUSTOMER, OURS, OTHER = Asn(3320), Asn(64500), Asn(3257)
ROUTE = Route(PREFIX, CUSTOMER, 0, OURS)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("64510 64500 3320", (OURS, False)),
        ("64510 64500 3320 3320 3320", (OURS, False)),
        ("64500 64500 3320", (OURS, False)),
        ("3257 3320", (OTHER, False)),
        ("3320 64500 3320", (OURS, False)),
        ("64500 (65001 65002) 3320", (OURS, False)),
        ("3320", (None, True)),
        ("3320 3320", (None, True)),
        ("", (None, False)),
        ("64500 {3320 3321}", (None, False)),
        ("64500 {1 2} 3320", (None, False)),
    ],
)
def test_what_is_next_to_the_origin(path: str, found: tuple[Asn | None, bool]) -> None:
    assert next_to_origin(path) == found


def test_the_customers_own_announcement_is_not_taken_for_ours() -> None:
    assert carries(Seen.by([CUSTOMER], [], tails=[(OURS, CUSTOMER)]), ROUTE)
    assert not carries(Seen.by([CUSTOMER], []), ROUTE)
    assert not carries(Seen.by([CUSTOMER], [], tails=[(OTHER, CUSTOMER)]), ROUTE)
    assert carries(Seen.by([CUSTOMER], []), Route(PREFIX, CUSTOMER))  # an origin of the operator's


def test_a_speaker_of_another_as_has_no_path_for_it() -> None:
    there, elsewhere = (
        PathAttributes(local, ip_address("192.0.2.1"))  # type: ignore[arg-type]
        for local in (OURS, OTHER)
    )
    path = there.path(Route(PREFIX, CUSTOMER, 2, OURS))
    assert path is not None
    assert path.as_path == (CUSTOMER, CUSTOMER, CUSTOMER)
    assert elsewhere.path(ROUTE) is None
