"""What stood on a page when a form was drawn from it, where no row has a version; what is typed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from byoip.domain.precondition import PreconditionFailed
from byoip.web.visiting import PersonsVisit

_LENGTH: Final = 16


def seen_of(*facts: object) -> str:
    """A short name of just these facts, for a hidden field."""
    return sha256(repr(facts).encode()).hexdigest()[:_LENGTH]


def require_seen(visit: PersonsVisit, *facts: object) -> None:
    """Refuse what was decided by other facts than are so now.

    Raises:
        PreconditionFailed: they are other ones.
    """
    if visit.form.get("seen", "") != seen_of(*facts):
        raise PreconditionFailed


def typed(form: Mapping[str, str], name: str) -> bool:
    """Whether it was typed what is meant."""
    return form.get("confirm", "").strip() == name
