"""Which version of a row without a number a form was drawn from."""

from datetime import datetime, timedelta
from typing import Final

from byoip.domain.precondition import Precondition

_ROUND: Final = 1_000_000_000  # versions in forms have nine digits
_TICK: Final = timedelta(microseconds=1)
_BEGIN: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


def drawn_as(modified_at: datetime) -> int:
    """A number for that moment: the same again after no change, or after 1,000 seconds sharp."""
    return (modified_at - _BEGIN) // _TICK % _ROUND


def require_as_drawn(precondition: Precondition, modified_at: datetime) -> None:
    """Refuse what is meant for another version; under the lock of its row.

    Raises:
        PreconditionFailed: it is another version.
    """
    precondition.require(drawn_as(modified_at))
