"""The operator's side: ROA data and the registries' statistics, which checks rest on."""

from typing import Annotated, TypeAlias

from fastapi import Query

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import DEFAULT_PAGE, PerPage, everything, paginate_numbered
from byoip.api.checks.snapshot_schemas import RegistrationSnapshot, RoaSnapshot, roa_snapshot_of
from byoip.api.path_ids import PathNumber, PathText, read_number
from byoip.domain.accounts.credential import Scope
from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable, SnapshotNotFound
from byoip.usecases.checks import snapshots as verbs

snapshots = Declarations("operator: space", Audience.OPERATOR)

_LAST_NUMBER = 2**31 - 1

Below: TypeAlias = Annotated[
    int, Query(ge=1, le=_LAST_NUMBER, description="Only lower numbers: an earlier answer's cursor.")
]


@snapshots.operation("GET /roa_snapshots", Scope.OPERATOR, answer=list_of(RoaSnapshot))
async def list_roa_snapshots(
    caller: OperatorRequest, below: Below = _LAST_NUMBER, per_page: PerPage = None
) -> Answer:
    """List attempts to take ROA data, newest first: counts, and why some were refused."""
    size = per_page or DEFAULT_PAGE
    reader = caller.backend.operator_reader
    found = await reader.roa_snapshots(below=below, limit=size + 1)
    part = paginate_numbered(found, size, lambda view: view.snapshot.number)
    return await list_answer(part, roa_snapshot_of)


@snapshots.operation(
    "POST /roa_snapshots/{number}/accept",
    Scope.OPERATOR,
    answer=answer_of(RoaSnapshot),
    refuses=(SnapshotNotFound, SnapshotNotAcceptable),
)
async def accept_roa_snapshot(
    caller: OperatorRequest, number: PathNumber, body: Reasoned
) -> Answer:
    """Use a snapshot that was refused: the last one, as long as its entries are kept."""
    snapshot = read_number(number)
    if snapshot is None:
        raise SnapshotNotFound
    return await caller.write(
        lambda tx: verbs.accept_roas(tx, snapshot, reason=body.reason), roa_snapshot_of
    )


@snapshots.operation(
    "GET /registration_snapshots", Scope.OPERATOR, answer=list_of(RegistrationSnapshot)
)
async def list_registration_snapshots(caller: OperatorRequest) -> Answer:
    """List the registries' statistics in use, and why newer files were not taken."""
    found = await caller.backend.operator_reader.registration_snapshots()
    return await list_answer(everything(found), RegistrationSnapshot.showing)


@snapshots.operation(
    "POST /registration_snapshots/{registry}/accept",
    Scope.OPERATOR,
    answer=answer_of(RegistrationSnapshot),
    refuses=(SnapshotNotFound, SnapshotNotAcceptable),
)
async def accept_registration_snapshot(
    caller: OperatorRequest, registry: PathText, body: Reasoned
) -> Answer:
    """Accept a registry's newest file, which was refused for having too few entries.

    Refused files are not kept: the next one, fetched within six hours, is measured by this one.
    """
    return await caller.write(
        lambda tx: verbs.accept_registrations(tx, registry, reason=body.reason),
        RegistrationSnapshot.showing,
    )
