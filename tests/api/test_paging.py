from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.api.border import paging
from byoip.api.border.refusals import QueryParameterInvalid
from byoip.store.claims.views import Cursor

PLACES = [Cursor(datetime(2026, 1, day, tzinfo=UTC), uuid4()) for day in range(1, 8)]


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_survives_the_wire(created_at: datetime, row: UUID) -> None:
    place = Cursor(created_at, row)
    assert paging.read_cursor(paging.write_cursor(place)) == place


def test_a_cursor_is_exact_in_any_time_zone() -> None:
    elsewhere = PLACES[0].created_at.astimezone(timezone(timedelta(hours=5)))
    assert paging.write_cursor(Cursor(elsewhere, PLACES[0].id)) == paging.write_cursor(PLACES[0])


@pytest.mark.parametrize(
    "text", ["x", "A" * 31, "A" * 33, "A" * 31 + "=", "A" * 31 + "+", "\u0661" * 32, "f" * 32]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(QueryParameterInvalid):
        paging.read_cursor(text)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_pages_of_a_whole_list_join_to_that_list(size: int) -> None:
    seen: list[Cursor] = []
    wanted = paging.PageRequest(None, size)
    while True:
        part = paging.paginate_list(PLACES, wanted, lambda place: place)
        seen += part.items
        if part.next is None:
            break
        wanted = paging.page_request(size, part.next, default=50)
    assert seen == PLACES


def test_a_full_page_without_more_has_no_cursor() -> None:
    part = paging.paginate(PLACES[:3], paging.PageRequest(None, 3), lambda place: place)
    assert (len(part.items), part.next) == (3, None)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_what_lies_behind_a_cursor_follows_though_its_item_is_gone(size: int) -> None:
    first = paging.paginate_list(PLACES, paging.PageRequest(None, size), lambda place: place)
    left = [one for one in PLACES if one != first.items[-1]]
    part = paging.paginate_list(
        left, paging.page_request(size, first.next, default=50), lambda place: place
    )
    assert part.items == PLACES[size : 2 * size]


def test_items_of_one_moment_follow_each_other_by_id() -> None:
    at = PLACES[0].created_at
    places = [Cursor(at, one) for one in sorted(uuid4() for _ in range(3))]
    part = paging.paginate_list(
        [places[0], places[2]], paging.PageRequest(places[1], 5), lambda place: place
    )
    assert part.items == [places[2]]


def test_a_list_by_name_goes_on_behind_an_item_that_is_there() -> None:
    places = PLACES[::-1]
    part = paging.paginate_unordered(places, paging.PageRequest(places[2], 2), lambda place: place)
    assert part.items == places[3:5]


def test_a_cursor_into_a_list_by_name_that_lost_its_item_is_refused() -> None:
    with pytest.raises(QueryParameterInvalid):
        paging.paginate_unordered(
            PLACES, paging.PageRequest(Cursor(PLACES[0].created_at, uuid4()), 2), lambda one: one
        )
