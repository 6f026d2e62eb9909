"""Validation runs: what the checks of a prefix found, and on what evidence."""

from functools import partial

from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import CustomerRequest
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.border.waiting import Wait, read_until
from byoip.api.checks import validation_schemas as wire
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.checks.validation_run import ValidationNotFound
from byoip.domain.claims.claim import ClaimNotFound

validations = Declarations("proof")


@validations.operation(
    "GET /prefixes/{prefix_id}/validations",
    Scope.PREFIXES_READ,
    answer=list_of(wire.Validation),
    refuses=(ClaimNotFound,),
)
async def list_validations(
    caller: CustomerRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the validation runs of a prefix, oldest first, without their evidence."""
    wanted = page_request(per_page, cursor)
    found = await caller.backend.reader.runs(
        caller.account_id, prefix_id, after=wanted.after, limit=wanted.probe
    )
    return await list_answer(paginate(found, wanted, lambda view: view.run), wire.validation_of)


@validations.operation(
    "GET /prefixes/{prefix_id}/validations/{validation_id}",
    Scope.PREFIXES_READ,
    answer=wire.ValidationAnswer,
    refuses=(ClaimNotFound, ValidationNotFound),
)
async def get_validation(
    caller: CustomerRequest, prefix_id: PathId, validation_id: PathId, wait: Wait = 0
) -> Answer:
    """Read one run: what was asked, of whom, what came back, and how to fix it.

    With `wait`, the answer comes as soon as the run has ended.
    """
    reader, notifier = caller.backend.reader, caller.backend.notifier
    read = partial(reader.run, caller.account_id, prefix_id, validation_id)
    run = await read_until(
        read, lambda view: view.run.ended, notifier, prefix_id, wait, caller.turn
    )
    return answer(wire.validation_with_evidence(run))
