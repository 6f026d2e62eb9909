"""What all refusals have in common, and all faults that an operator can fix."""

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A request we understood and decline, with a reason the asker can act on.

    Each refusal is a subclass beside the rule that raises it. `name` is stable and part of the
    wire contract; `message` is one sentence for people and may change. It never carries a secret.

    Attributes:
        name: snake_case, stable, unique among all refusals.
        message: what is wrong and how to proceed.
        pointer: JSON pointer (RFC 6901) to the offending member of the request body, if any.
        retry_after: seconds after which trying again may help, if that is known.
    """

    name: ClassVar[str]

    def __init__(
        self, message: str, *, pointer: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.retry_after = retry_after


class Fixable(Exception):  # noqa: N818 - its subclasses are named for what happened
    """A fault that the operator can fix: one sentence, which commands show without a trace."""
