"""The operator's side: which registry is responsible for a range, on the operator's word."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer, list_answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of, list_of
from byoip.api.border.paging import CursorText, PerPage, page_request, paginate
from byoip.api.checks import registry_override_schemas as wire
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.checks.registry_override import OverrideNotFound, RegistryUnknown
from byoip.domain.prefix import InvalidPrefix
from byoip.usecases.checks import registry_overrides as verbs

registry_overrides = Declarations("operator: space", Audience.OPERATOR)


@registry_overrides.operation(
    "GET /registry_overrides", Scope.OPERATOR, answer=list_of(wire.RegistryOverride)
)
async def list_registry_overrides(
    caller: OperatorRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the overrides that operators have put, oldest first; not those of the settings."""
    wanted = page_request(per_page, cursor)
    reader = caller.backend.operator_reader
    found = await reader.overrides(after=wanted.after, limit=wanted.probe)
    return await list_answer(paginate(found, wanted), wire.override_of)


@registry_overrides.operation(
    "PUT /registry_overrides",
    Scope.OPERATOR,
    answer=answer_of(wire.RegistryOverride),
    refuses=(InvalidPrefix, RegistryUnknown),
)
async def put_registry_override(caller: OperatorRequest, body: wire.NewOverride) -> Answer:
    """Say which registry is responsible for a range.

    It replaces the override of exactly the same range, also one of the settings. Of several that
    cover a prefix the longest counts.
    """
    known = caller.backend.terms.registries.keys()
    return await caller.write(
        lambda tx: verbs.put(
            tx, registries=known, cidr=body.cidr, registry=body.registry, reason=body.reason
        ),
        wire.override_of,
    )


@registry_overrides.operation(
    "POST /registry_overrides/{override_id}/remove",
    Scope.OPERATOR,
    answer=answer_of(wire.RegistryOverride),
    refuses=(OverrideNotFound,),
)
async def remove_registry_override(
    caller: OperatorRequest, override_id: PathId, body: Reasoned
) -> Answer:
    """Go back to what the settings and the registries' statistics say."""
    return await caller.write(
        lambda tx: verbs.remove(tx, override_id, reason=body.reason), wire.override_of
    )
