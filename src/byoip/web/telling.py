"""What a page says of the form that led to it: done, refused, drawn from an older version."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.responses import Response

from byoip.domain.accounts.let_in import OUT
from byoip.domain.errors import Refusal
from byoip.domain.idempotency import IdempotencyKeyBusy
from byoip.domain.precondition import PreconditionFailed
from byoip.usecases.border import Verb
from byoip.web.forms import seen_of
from byoip.web.visiting import PersonsVisit

_STALE: Final = 412
_NOT_FOUND: Final = 404
_UNCONFIRMED: Final = 422


@dataclass(frozen=True, slots=True)
class Told:
    """What stands at the top of a page.

    Attributes:
        status: of the answer (HTTP).
        stale: the form was drawn from an older version, and nothing was done.
        unconfirmed: what had to be typed, and was not.
    """

    status: int = 200
    done: str = ""
    stale: bool = False
    refused: Refusal | None = None
    remedy: str = ""
    unconfirmed: str = ""

    @classmethod
    def asking_for(cls, typed: str) -> "Told":
        """That this has to be typed before anything is done."""
        return cls(_UNCONFIRMED, unconfirmed=typed)


Shows: TypeAlias = Callable[[Told], Awaitable[Response]]
Facts: TypeAlias = Callable[[], Awaitable[tuple[object, ...]]]


def told_of(visit: PersonsVisit, done: Mapping[str, str]) -> Told:
    """What was done, by `?done=` of the page."""
    return Told(done=done.get(visit.request.query_params.get("done", ""), ""))


async def tried(visit: PersonsVisit, work: Awaitable[Response], show: Shows) -> Response:
    """Do it; what is refused, or drawn from an older version, is said on the page as it is now."""
    try:
        return await work
    except (IdempotencyKeyBusy, *OUT):  # nobody knows what was done; or nothing is shown any more
        raise
    except PreconditionFailed:
        return await show(Told(_STALE, stale=True))
    except Refusal as refusal:
        problem = visit.site.problem(refusal)
        if problem.status == _NOT_FOUND and not refusal.pointer:  # nor is there a page of it
            raise
        return await show(Told(problem.status, refused=refusal, remedy=problem.remedy))


def require_seen(visit: PersonsVisit, *facts: object) -> None:
    """Refuse what was decided by other facts than are so now.

    Raises:
        PreconditionFailed: they are other ones.
    """
    if visit.form.get("seen", "") != seen_of(*facts):
        raise PreconditionFailed


async def as_drawn(
    visit: PersonsVisit, facts: Facts, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Do it if what its page showed is so still; of a form sent again, how that ended.

    For what no row stands for yet, as one more of a list: nothing is locked, and of two people at
    the same moment both do it. What is about a row compares under its lock, in the verb.

    Raises:
        PreconditionFailed: something else is so now.
    """
    if visit.form.get("seen", "") == seen_of(*await facts()):
        return await work()

    async def other() -> Verb[str]:
        raise PreconditionFailed

    return await visit.write_asking(other, str)
