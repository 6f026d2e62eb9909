"""What the border itself refuses, before any use case is asked, and the records of that."""

from collections.abc import Collection, Sequence

from byoip.api.problems.record import Record, invalid, not_found
from byoip.domain import customer_text, idempotency, precondition
from byoip.domain.accounts.limits import Policy
from byoip.domain.errors import Refusal

BODY_LIMIT = 64 * 1024
KEY_LIMIT = 255


class RouteNotFound(Refusal):
    """No such path."""

    name = "route_not_found"

    def __init__(self, meant: str = "") -> None:
        hint = f"without its surplus slashes it is {meant}" if meant else "see /openapi.json"
        super().__init__(f"There is nothing at this path: {hint}.")


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""

    name = "method_not_allowed"

    def __init__(self, allowed: Collection[str]) -> None:
        super().__init__(f"This path answers to {', '.join(sorted(allowed))}.")
        self.allowed = ", ".join(sorted(allowed))


class MalformedId(Refusal):
    """An id in the path has not the form of the service's ids."""

    name = "malformed_id"

    def __init__(self, name: str, meant: str = "") -> None:
        hint = f": {meant}" if meant else ""
        super().__init__(f"{name} in the path must be 32 lowercase hexadecimal digits{hint}.")


class MalformedJson(Refusal):
    """The body cannot be read as JSON."""

    name = "malformed_json"

    def __init__(self, why: str) -> None:
        super().__init__(f"The body is not valid JSON: {why}.")


class MalformedIdempotencyKey(Refusal):
    """The Idempotency-Key header is there, but not usable."""

    name = "malformed_idempotency_key"

    def __init__(self) -> None:
        super().__init__(
            f"Idempotency-Key must be given once, as 1 to {KEY_LIMIT} visible ASCII characters."
        )


class MalformedForm(Refusal):
    """The body cannot be read as a form."""

    name = "malformed_form"

    def __init__(self) -> None:
        super().__init__("The body is not a valid form: multipart/form-data (RFC 7578).")


class BodyTooLarge(Refusal):
    """The body is larger than any request needs."""

    name = "body_too_large"

    def __init__(self, limit: int = BODY_LIMIT) -> None:
        super().__init__(f"The body may have at most {limit} bytes.")


class WrongMediaType(Refusal):
    """The body is of another media type, or compressed."""

    name = "unsupported_media_type"

    def __init__(self, wanted: str = "application/json") -> None:
        super().__init__(f"Send the body as Content-Type: {wanted}, not compressed.")


class FieldMissing(Refusal):
    """A member of the body is missing."""

    name = "field_missing"

    def __init__(self, pointer: str) -> None:
        super().__init__("This member is required.", pointer=pointer)


class FieldUnknown(Refusal):
    """The body has a member that the operation does not know."""

    name = "field_unknown"

    def __init__(self, pointer: str, meant: str | None = None) -> None:
        hint = f" Did you mean {meant}?" if meant else ""
        super().__init__(
            f"There is no such member, or it cannot be changed.{hint}", pointer=pointer
        )


class FieldInvalid(Refusal):
    """A member of the body has the wrong type or form."""

    name = "field_invalid"

    def __init__(self, pointer: str, why: str) -> None:
        super().__init__(f"{why}.", pointer=pointer)


class QueryParameterUnknown(Refusal):
    """The operation has no such query parameter."""

    name = "query_parameter_unknown"

    def __init__(self, known: Collection[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(f"Unknown query parameter. This operation has: {names}.")


class QueryParameterInvalid(Refusal):
    """A query parameter is empty, repeated, or has a value of another type."""

    name = "query_parameter_invalid"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"The query parameter {name} {why}.")


class RateLimited(Refusal):
    """Too many requests of one kind.

    Attributes:
        policy: what is used up; None for the limits that hold for all requests, of which the
            answer's headers tell anyway.
    """

    name = "rate_limited"

    def __init__(
        self,
        retry_after: int,
        policy: Policy | None = None,
        *,
        whose: str = "this account",
    ) -> None:
        super().__init__(
            f"Too many requests of this kind for {whose}: wait for Retry-After.",
            retry_after=retry_after,
        )
        self.policy = policy


class InternalFault(Refusal):
    """A fault of the service."""

    name = "internal_error"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"The service failed. If it does so again, report request id {request_id}."
        )


class DatabaseAway(Refusal):
    """The database does not answer. Nothing was changed, or that is not known yet."""

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


_REQUEST_ID = "6f9c2b1e4d3a48d7b0a1c2e3f4051627"
REFUSALS = (
    not_found(
        1100, RouteNotFound(), "Compare the path with /openapi.json; there is no slash at its end."
    ),
    Record(
        405, 1101, MethodNotAllowed(["GET", "POST"]), "Use a method that the `Allow` header names."
    ),
    Record(
        400,
        1102,
        MalformedId("prefix_id"),
        "Copy the id from the answer that gave it, without hyphens.",
    ),
    Record(
        400,
        1103,
        MalformedJson("syntax error at line 1, column 9"),
        "Send one JSON text in UTF-8, with each member named once.",
    ),
    Record(
        415,
        1104,
        WrongMediaType(),
        "Set the Content-Type that the operation takes, and do not compress the body.",
    ),
    Record(413, 1105, BodyTooLarge(), "Send less."),
    invalid(1106, FieldMissing("/cidr"), "Add the member that `source.pointer` names."),
    invalid(
        1107,
        FieldUnknown("/cidr_block"),
        "Remove the member that `source.pointer` names, or correct its spelling.",
    ),
    invalid(
        1108,
        FieldInvalid("/asn", "Input should be a valid integer"),
        "Correct the member that `source.pointer` names.",
    ),
    invalid(
        1109,
        QueryParameterUnknown(["cursor", "per_page"]),
        "Remove or correct the parameter: an unknown one is never ignored, so that a list of "
        "some cannot become a list of all.",
    ),
    invalid(
        1110,
        QueryParameterInvalid("per_page", "is empty"),
        "Give the parameter once, with a value of its type; booleans are `true` and `false`.",
    ),
    invalid(
        1111,
        customer_text.InvalidText("it is longer than 1000 characters"),
        "Shorten the text, or remove control characters.",
    ),
    Record(
        400,
        1112,
        MalformedForm(),
        "Send multipart/form-data with the fields that /openapi.json names.",
    ),
    Record(400, 1120, MalformedIdempotencyKey(), "Send the header once; a random UUID does."),
    invalid(
        1121,
        idempotency.IdempotencyKeyReused(),
        "Take a new key for each new request, and the same one only to repeat it unchanged.",
    ),
    Record(
        409,
        1122,
        idempotency.IdempotencyKeyBusy(),
        "Wait for `Retry-After` and repeat it: the answer will be that of the first request.",
    ),
    Record(
        429,
        1130,
        RateLimited(6),
        "Wait for `Retry-After`. The `RateLimit` header names the limit that is used up "
        "(`r=0`), and how much is left before; `wait` on events saves asking often.",
    ),
    Record(
        412,
        1140,
        precondition.PreconditionFailed(),
        "Read the object again, look at what changed, decide again, and send the new ETag.",
    ),
    Record(
        428,
        1141,
        precondition.PreconditionRequired(),
        "Read the prefix, and send its ETag as `If-Match`.",
    ),
    Record(
        500,
        1900,
        InternalFault(_REQUEST_ID),
        "Repeat it later; writes safely with an Idempotency-Key.",
    ),
    Record(
        503,
        1901,
        DatabaseAway(_REQUEST_ID),
        "Wait for `Retry-After` and repeat it; writes safely with an Idempotency-Key.",
    ),
)
