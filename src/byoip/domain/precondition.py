"""Writes that hold only if no other write came in between (RFC 9110, section 13.1.1)."""

from dataclasses import dataclass

from byoip.domain.errors import Refusal


class PreconditionFailed(Refusal):
    """The object is not, or no longer, the version that the sender saw. Nothing was changed."""

    name = "precondition_failed"

    def __init__(self) -> None:
        super().__init__(
            "No tag in If-Match is the current one: read the object again and send its ETag."
        )


class PreconditionRequired(Refusal):
    """The operator requires that a write names the version it is based on."""

    name = "precondition_required"

    def __init__(self) -> None:
        super().__init__("Send If-Match with the ETag that reading the prefix gave.")


@dataclass(frozen=True, slots=True)
class Precondition:
    """The versions of a claim that the sender of a write accepts as unchanged.

    Attributes:
        versions: any of these; None stands for whatever there is.
    """

    versions: frozenset[int] | None = None

    def require(self, version: int) -> None:
        """Refuse to change another version; called under the lock of the row.

        Raises:
            PreconditionFailed: it is another version.
        """
        if self.versions is not None and version not in self.versions:
            raise PreconditionFailed


ANY_VERSION = Precondition()
