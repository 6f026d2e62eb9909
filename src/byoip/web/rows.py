"""A list that is known whole, a page at a time."""

from collections.abc import Sequence
from typing import Final, TypeVar

from byoip.web.forms import number_in
from byoip.web.visiting import PersonsVisit

_DIGITS: Final = 6
Row = TypeVar("Row")


def first_of(visit: PersonsVisit) -> int:
    """Which is the first of a page, by `?from=`."""
    return number_in(visit.request.query_params.get("from", ""), _DIGITS) or 0


def rows_of(visit: PersonsVisit, found: Sequence[Row], most: int) -> tuple[Sequence[Row], int]:
    """Those from `?from=` on, and from where the next page goes on; 0: there is none."""
    first = first_of(visit)
    after = first + most
    return found[first:after], after if len(found) > after else 0
