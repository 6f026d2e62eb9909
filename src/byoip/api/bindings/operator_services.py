"""The operator's side: what customers may bind."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.bindings import service_schemas as wire
from byoip.api.bindings.service_schemas import OfferedService
from byoip.api.bindings.services import service_place
from byoip.api.border import paging
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings.offered_service import ServiceExists, ServiceInUse, ServiceNotOffered
from byoip.usecases.bindings import services as verbs

operator_services = Declarations("operator: services", Audience.OPERATOR)


@operator_services.operation("GET /services", Scope.OPERATOR, answer=list_of(OfferedService))
async def list_offered_services(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List what customers may bind, by name."""
    wanted = paging.page_request(per_page, cursor, default=paging.LONGEST_PAGE)
    part = paging.paginate_unordered(await caller.backend.reader.services(), wanted, service_place)
    return await list_answer(part, OfferedService.showing)


@operator_services.operation(
    "GET /services/{service_id}",
    Scope.OPERATOR,
    answer=answer_of(OfferedService),
    tagged=True,
    refuses=(ServiceNotOffered,),
)
async def get_offered_service(caller: OperatorRequest, service_id: PathId) -> Answer:
    """Read one service."""
    for one in await caller.backend.reader.services():
        if one.id == service_id:
            return answer(OfferedService.showing(one), version=one.version)
    raise ServiceNotOffered


@operator_services.operation(
    "POST /services",
    Scope.OPERATOR,
    answer=answer_of(OfferedService),
    status=201,
    tagged=True,
    refuses=(ServiceExists,),
)
async def create_service(caller: OperatorRequest, body: wire.NewService) -> Answer:
    """Offer customers something to bind."""
    return await caller.write(
        lambda tx: verbs.create(
            tx, name=body.name, default_only=body.default_only, reason=body.reason
        ),
        OfferedService.showing,
    )


@operator_services.operation(
    "PATCH /services/{service_id}",
    Scope.OPERATOR,
    answer=answer_of(OfferedService),
    tagged=True,
    refuses=(ServiceNotOffered, ServiceInUse),
)
async def update_service(
    caller: OperatorRequest, service_id: PathId, body: wire.ServiceChange
) -> Answer:
    """Change whether a service takes whole prefixes only.

    Refused while it is bound to parts of prefixes.
    """
    return await caller.write(
        lambda tx: verbs.update(tx, service_id, default_only=body.default_only, reason=body.reason),
        OfferedService.showing,
    )


@operator_services.operation(
    "POST /services/{service_id}/retire",
    Scope.OPERATOR,
    answer=answer_of(OfferedService),
    refuses=(ServiceNotOffered, ServiceInUse),
)
async def retire_service(caller: OperatorRequest, service_id: PathId, body: Reasoned) -> Answer:
    """Offer a service no longer; refused while anything is bound to it."""
    return await caller.write(
        lambda tx: verbs.retire(tx, service_id, reason=body.reason), OfferedService.showing
    )
