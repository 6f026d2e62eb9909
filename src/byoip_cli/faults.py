"""How a command ends: its status, and one sentence for people."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from http import HTTPStatus
from typing import Any


class Status(IntEnum):
    """What a command ends with; scripts rely on the numbers."""

    DONE = 0
    REFUSED = 1
    """The service understood and declined: the sentence says what to do."""
    USAGE = 2
    """The command cannot be carried out as it was typed."""
    WAITS = 3
    """Something waits for you, and was told."""
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    UNREACHABLE = 6
    """No answer, or a fault of the service: the same command may do later."""


class CommandFailed(Exception):  # noqa: N818 - an outcome, for the person at the terminal
    """A command did not do what it should; the message is for people.

    Attributes:
        status: what the command ends with.
        errors: as the API told them; empty where it told none.
    """

    def __init__(
        self,
        message: str,
        status: Status = Status.REFUSED,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors


class Unusable(CommandFailed):
    """What was typed, or what the environment says, cannot be carried out."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Status.USAGE)


_OF_ANSWERS: Mapping[int, Status] = {
    HTTPStatus.UNAUTHORIZED: Status.NOT_ALLOWED,
    HTTPStatus.FORBIDDEN: Status.NOT_ALLOWED,
    HTTPStatus.NOT_FOUND: Status.NOT_FOUND,
}


def status_of(answered: int) -> Status:
    """The status for an HTTP status that is no success."""
    if answered >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Status.UNREACHABLE
    return _OF_ANSWERS.get(answered, Status.REFUSED)
