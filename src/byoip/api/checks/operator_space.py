"""The operator's side: reservations, registries, and the data that checks rest on."""

from typing import Annotated, TypeAlias

from fastapi import Query

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import DEFAULT_PAGE, CursorText, Page, PerPage, page_request, paginate
from byoip.api.checks import operator_space_schemas as wire
from byoip.api.checks.operator_space_schemas import (
    NewOverride,
    NewReservation,
    RegistrationSnapshot,
    RoaSnapshot,
    override_of,
    registration_of,
    reservation_of,
    roa_snapshot_of,
)
from byoip.api.path_ids import PathId, PathNumber, PathText, read_number
from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.operating import (
    OverlapsApproved,
    OverlapsReservation,
    OverrideNotFound,
    RegistryOverride,
    RegistryUnknown,
    Reservation,
    ReservationLengthRefused,
    ReservationNotFound,
    SnapshotNotAcceptable,
    SnapshotNotFound,
)
from byoip.domain.customer_text import InvalidText
from byoip.domain.prefix import InvalidPrefix
from byoip.store.claims.views import Cursor
from byoip.usecases.claims import reservations

operator_space = Declarations("operator: space", Audience.OPERATOR)

_LAST_NUMBER = 2**31 - 1

Below: TypeAlias = Annotated[
    int,
    Query(ge=1, le=_LAST_NUMBER, description="Only lower numbers: an earlier answer's cursor."),
]


@operator_space.operation("GET /reservations", Scope.OPERATOR, answer=list_of(wire.Reservation))
async def list_reservations(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List space that is kept for somebody, oldest first."""
    wanted = page_request(per_page, cursor, default=DEFAULT_PAGE)
    reader = caller.backend.operating.reader
    found = await reader.reservations(after=wanted.after, limit=wanted.probe)
    part = paginate(found, wanted, _place)
    return list_answer([reservation_of(one) for one in part.items], part)


@operator_space.operation(
    "POST /reservations",
    Scope.OPERATOR,
    answer=answer_of(wire.Reservation),
    status=201,
    refuses=(
        InvalidText,
        InvalidPrefix,
        ReservationLengthRefused,
        OverlapsReservation,
        OverlapsApproved,
    ),
)
async def create_reservation(caller: OperatorRequest, body: NewReservation) -> Answer:
    """Reserve space that is served already, for one account or for nobody.

    Nobody else can claim it. Pending claims of others stay, and are not approved.
    """
    return await caller.write(
        lambda tx: reservations.reserve(tx, body.account_id, cidr=body.cidr, reason=body.reason),
        reservation_of,
        status=201,
    )


@operator_space.operation(
    "POST /reservations/{reservation_id}/release",
    Scope.OPERATOR,
    answer=answer_of(wire.Reservation),
    refuses=(InvalidText, ReservationNotFound),
)
async def release_reservation(
    caller: OperatorRequest, reservation_id: PathId, body: Reasoned
) -> Answer:
    """Let everybody claim the space again."""
    return await caller.write(
        lambda tx: reservations.release(tx, reservation_id, reason=body.reason), reservation_of
    )


@operator_space.operation(
    "GET /registry_overrides", Scope.OPERATOR, answer=list_of(wire.RegistryOverride)
)
async def list_registry_overrides(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the overrides made here, oldest first; those of the settings stand beside them."""
    wanted = page_request(per_page, cursor, default=DEFAULT_PAGE)
    reader = caller.backend.operating.reader
    found = await reader.overrides(after=wanted.after, limit=wanted.probe)
    part = paginate(found, wanted, _place)
    return list_answer([override_of(one) for one in part.items], part)


@operator_space.operation(
    "PUT /registry_overrides",
    Scope.OPERATOR,
    answer=answer_of(wire.RegistryOverride),
    refuses=(InvalidText, InvalidPrefix, RegistryUnknown),
)
async def put_registry_override(caller: OperatorRequest, body: NewOverride) -> Answer:
    """Say which registry is responsible for a range.

    It replaces the one for exactly the same range, also that of the settings; of several that
    cover a prefix the longest counts.
    """
    pen = caller.pen(override_of)
    return pen.answer(
        await caller.backend.operating.put_registry_override(
            cidr=body.cidr,
            registry=body.registry,
            reason=body.reason,
            by=pen.by,
            once=pen.once,
        )
    )


@operator_space.operation(
    "POST /registry_overrides/{override_id}/remove",
    Scope.OPERATOR,
    answer=answer_of(wire.RegistryOverride),
    refuses=(InvalidText, OverrideNotFound),
)
async def remove_registry_override(
    caller: OperatorRequest, override_id: PathId, body: Reasoned
) -> Answer:
    """Go back to what the settings and the registries' statistics say."""
    pen = caller.pen(override_of)
    return pen.answer(
        await caller.backend.operating.remove_registry_override(
            override_id, reason=body.reason, by=pen.by, once=pen.once
        )
    )


@operator_space.operation("GET /roa_snapshots", Scope.OPERATOR, answer=list_of(RoaSnapshot))
async def list_roa_snapshots(
    caller: OperatorRequest, below: Below = _LAST_NUMBER, per_page: PerPage = None
) -> Answer:
    """List attempts to take ROA data, newest first: counts, and why some were refused."""
    size = per_page or DEFAULT_PAGE
    reader = caller.backend.operating.reader
    found = await reader.roa_snapshots(below=below, limit=size + 1)
    items = found[:size]
    more = str(items[-1].snapshot.number) if len(found) > size else None
    return list_answer([roa_snapshot_of(one) for one in items], Page(items, size, more))


@operator_space.operation(
    "POST /roa_snapshots/{number}/accept",
    Scope.OPERATOR,
    answer=answer_of(RoaSnapshot),
    refuses=(InvalidText, SnapshotNotFound, SnapshotNotAcceptable),
)
async def accept_roa_snapshot(
    caller: OperatorRequest, number: PathNumber, body: Reasoned
) -> Answer:
    """Use a refused snapshot all the same: the last one, as long as its entries are kept."""
    snapshot = read_number(number)
    if snapshot is None:
        raise SnapshotNotFound
    pen = caller.pen(roa_snapshot_of)
    return pen.answer(
        await caller.backend.operating.accept_roa_snapshot(
            snapshot, reason=body.reason, by=pen.by, once=pen.once
        )
    )


@operator_space.operation(
    "GET /registration_snapshots", Scope.OPERATOR, answer=list_of(RegistrationSnapshot)
)
async def list_registration_snapshots(caller: OperatorRequest) -> Answer:
    """List the registries' statistics in use, and why newer ones could not be had."""
    found = await caller.backend.operating.reader.registration_snapshots()
    return list_answer([registration_of(one) for one in found], Page(found, len(found), None))


@operator_space.operation(
    "POST /registration_snapshots/{registry}/accept",
    Scope.OPERATOR,
    answer=answer_of(RegistrationSnapshot),
    refuses=(InvalidText, SnapshotNotFound, SnapshotNotAcceptable),
)
async def accept_registration_snapshot(
    caller: OperatorRequest, registry: PathText, body: Reasoned
) -> Answer:
    """Believe a registry whose newest file was refused for having too few entries.

    Refused files are not kept: the next one, fetched within six hours, is measured by this one.
    """
    pen = caller.pen(registration_of)
    return pen.answer(
        await caller.backend.operating.accept_registration_snapshot(
            registry, reason=body.reason, by=pen.by, once=pen.once
        )
    )


def _place(item: Reservation | RegistryOverride) -> Cursor:
    return Cursor(item.created_at, item.id)
