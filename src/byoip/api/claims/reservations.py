"""The operator's side: space that is kept for one account, or away from all."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.claims import reservation_schemas as wire
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.claims import reservation
from byoip.domain.prefix import InvalidPrefix
from byoip.usecases.claims import reservations as verbs

reservations = Declarations("operator: space", Audience.OPERATOR)


@reservations.operation("GET /reservations", Scope.OPERATOR, answer=list_of(wire.Reservation))
async def list_reservations(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List reserved space, oldest first."""
    wanted = page_request(per_page, cursor)
    reader = caller.backend.operator_reader
    found = await reader.reservations(after=wanted.after, limit=wanted.probe)
    return await list_answer(paginate(found, wanted), wire.reservation_of)


@reservations.operation(
    "POST /reservations",
    Scope.OPERATOR,
    answer=answer_of(wire.Reservation),
    status=201,
    refuses=(
        InvalidPrefix,
        reservation.ReservationLengthRefused,
        reservation.OverlapsReservation,
        reservation.OverlapsApproved,
    ),
)
async def create_reservation(caller: OperatorRequest, body: wire.NewReservation) -> Answer:
    """Reserve space, for one account or away from all.

    No other account can claim it. Pending claims of other accounts stay, and are not approved.
    """
    return await caller.write(
        lambda tx: verbs.reserve(tx, body.account_id, cidr=body.cidr, reason=body.reason),
        wire.reservation_of,
    )


@reservations.operation(
    "POST /reservations/{reservation_id}/release",
    Scope.OPERATOR,
    answer=answer_of(wire.Reservation),
    refuses=(reservation.ReservationNotFound,),
)
async def release_reservation(
    caller: OperatorRequest, reservation_id: PathId, body: Reasoned
) -> Answer:
    """Let every account claim the space again."""
    return await caller.write(
        lambda tx: verbs.release(tx, reservation_id, reason=body.reason), wire.reservation_of
    )
