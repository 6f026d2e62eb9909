"""What the border itself refuses, before any use case is asked."""

from collections.abc import Collection, Sequence

from byoip.domain.errors import Refusal

BODY_LIMIT = 64 * 1024
KEY_LIMIT = 255


class RouteNotFound(Refusal):
    """No such path."""

    name = "route_not_found"

    def __init__(self) -> None:
        super().__init__("There is nothing at this path: see /openapi.json.")


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""

    name = "method_not_allowed"

    def __init__(self, allowed: Collection[str]) -> None:
        super().__init__(f"This path answers to {', '.join(sorted(allowed))}.")
        self.allowed = ", ".join(sorted(allowed))


class MalformedId(Refusal):
    """An id in the path is not one of ours."""

    name = "malformed_id"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} in the path must be 32 lowercase hexadecimal digits.")


class MalformedJson(Refusal):
    """The body cannot be read as JSON."""

    name = "malformed_json"

    def __init__(self, why: str) -> None:
        super().__init__(f"The body is not JSON that we read: {why}.")


class MalformedIdempotencyKey(Refusal):
    """The header is there, but not usable."""

    name = "malformed_idempotency_key"

    def __init__(self) -> None:
        super().__init__(
            f"Idempotency-Key must be given once, as 1 to {KEY_LIMIT} visible ASCII characters."
        )


class MalformedForm(Refusal):
    """The body cannot be read as a form."""

    name = "malformed_form"

    def __init__(self) -> None:
        super().__init__("The body is not a form that we read: multipart/form-data (RFC 7578).")


class BodyTooLarge(Refusal):
    """More than any request needs."""

    name = "body_too_large"

    def __init__(self, limit: int = BODY_LIMIT) -> None:
        super().__init__(f"The body may have at most {limit} bytes.")


class WrongMediaType(Refusal):
    """The body is of a kind that we do not read."""

    name = "unsupported_media_type"

    def __init__(self, wanted: str = "application/json") -> None:
        super().__init__(f"Send the body as Content-Type: {wanted}, not compressed.")


class FieldMissing(Refusal):
    """A member of the body is needed."""

    name = "field_missing"

    def __init__(self, pointer: str) -> None:
        super().__init__("This member is required.", pointer=pointer)


class FieldUnknown(Refusal):
    """A member of the body means nothing here."""

    name = "field_unknown"

    def __init__(self, pointer: str) -> None:
        super().__init__("There is no such member, or it cannot be changed.", pointer=pointer)


class FieldInvalid(Refusal):
    """A member of the body has the wrong type or form."""

    name = "field_invalid"

    def __init__(self, pointer: str, why: str) -> None:
        super().__init__(f"{why}.", pointer=pointer)


class QueryParameterUnknown(Refusal):
    """A query parameter that the operation does not have."""

    name = "query_parameter_unknown"

    def __init__(self, known: Collection[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(f"Unknown query parameter. This operation has: {names}.")


class QueryParameterInvalid(Refusal):
    """A query parameter that is empty, repeated, or has a value we do not read."""

    name = "query_parameter_invalid"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"The query parameter {name} {why}.")


class EventNotMadeYet(Refusal):
    """A number that no event has: whoever knows it has read what is lost, or of another history."""

    name = "event_not_made_yet"

    def __init__(self, newest: int) -> None:
        super().__init__(
            f"The newest event is {newest}, and `after` is beyond it: read the objects again, then "
            f"go on after {newest}."
        )


class RateLimited(Refusal):
    """Too many requests of one kind.

    Attributes:
        per_minute: what is used up, and how many of it a minute has; None where the answer's
            headers say so anyway, as of the limits that hold for all requests.
    """

    name = "rate_limited"

    def __init__(self, retry_after: int, per_minute: tuple[str, int] | None = None) -> None:
        super().__init__(
            "Too many requests of this kind for this account: wait a moment.",
            retry_after=retry_after,
        )
        self.per_minute = per_minute


class InternalFault(Refusal):
    """A fault of ours."""

    name = "internal_error"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"This is our fault. If it stays, report it with request id {request_id}.")


class DatabaseAway(Refusal):
    """The database does not answer. Nothing was changed, or it is not known yet."""

    name = "database_unavailable"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"The database is not available: try again (request id {request_id}).", retry_after=2
        )


class Refusals(Exception):  # noqa: N818 - a bundle of refusals, not a fault
    """Several refusals at once: every offending member of a body."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__()
        self.refusals = refusals
