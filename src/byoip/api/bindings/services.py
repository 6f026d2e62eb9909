"""Services and the bindings to them."""

from datetime import UTC, datetime

from byoip.api.bindings import binding_schemas as wire
from byoip.api.bindings.binding_schemas import BindingAnswer, binding_of
from byoip.api.border import paging
from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import CustomerRequest, nothing
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Done, counted_list_of
from byoip.api.border.paging import CursorText, PerPage
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.bindings import service_binding as domain
from byoip.domain.bindings.service_binding import BINDINGS_PER_PREFIX, PrefixNotApproved, Service
from byoip.domain.claims.claim import (
    ClaimNotFound,
    PrefixOffboarding,
    PrefixSuspended,
    WithdrawFirst,
)
from byoip.domain.prefix import InvalidPrefix
from byoip.domain.routes.bgp_prefix import Contested, LockedByOperator
from byoip.domain.watch.freezing import PrefixFrozen
from byoip.store.claims.views import BindingView, Cursor
from byoip.usecases.bindings import bindings as verbs

services = Declarations("services")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@services.operation("GET /services", Scope.PREFIXES_READ, answer=counted_list_of(wire.Service))
async def list_services(
    caller: CustomerRequest, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List what can be bound, by name."""
    wanted = paging.page_request(per_page, cursor, default=paging.LONGEST_PAGE)
    whole = await caller.backend.reader.services()
    part = paging.paginate_unordered(whole, wanted, service_place)
    return await list_answer(part, wire.Service.showing, total=len(whole))


@services.operation(
    "POST /prefixes/{prefix_id}/bindings",
    Scope.PREFIXES_WRITE,
    answer=BindingAnswer,
    status=201,
    tagged=True,
    refuses=(
        ClaimNotFound,
        InvalidPrefix,
        PrefixNotApproved,
        PrefixSuspended,
        PrefixOffboarding,
        PrefixFrozen,
        domain.ServiceNotFound,
        domain.BindingOutsidePrefix,
        domain.BindingExists,
        domain.DefaultBindingFirst,
        domain.DefaultOnlyService,
        domain.TooManyBindings,
        Contested,
    ),
)
async def create_service_binding(
    caller: CustomerRequest, prefix_id: PathId, body: wire.NewBinding
) -> Answer:
    """Bind a service to a range of an approved prefix.

    The first binding spans the prefix; more specific ones nest inside, down to one address.
    """
    return await caller.write(
        lambda tx: verbs.bind(
            tx, caller.account_id, prefix_id, cidr=body.cidr, service_id=body.service_id
        ),
        _shown,
    )


@services.operation(
    "GET /prefixes/{prefix_id}/bindings",
    Scope.PREFIXES_READ,
    answer=wire.BindingListAnswer,
    refuses=(ClaimNotFound,),
)
async def list_service_bindings(
    caller: CustomerRequest, prefix_id: PathId, per_page: PerPage = None, cursor: CursorText = None
) -> Answer:
    """List the bindings of a prefix.

    All of them, oldest first, unless `per_page` is given.
    """
    wanted = paging.page_request(per_page, cursor, default=paging.LONGEST_PAGE)
    whole = await caller.backend.reader.bindings(
        caller.account_id, prefix_id, after=None, limit=BINDINGS_PER_PREFIX
    )
    return await list_answer(paging.paginate_list(whole, wanted), binding_of, total=len(whole))


@services.operation(
    "GET /prefixes/{prefix_id}/bindings/{binding_id}",
    Scope.PREFIXES_READ,
    answer=BindingAnswer,
    tagged=True,
    refuses=(ClaimNotFound, domain.BindingNotFound),
)
async def get_service_binding(
    caller: CustomerRequest, prefix_id: PathId, binding_id: PathId
) -> Answer:
    """Read one binding. Its ETag is its prefix's."""
    view = await caller.backend.reader.binding(caller.account_id, prefix_id, binding_id)
    return answer(_shown(view), version=view.version)


@services.operation(
    "PATCH /prefixes/{prefix_id}/bindings/{binding_id}",
    Scope.PREFIXES_WRITE,
    answer=BindingAnswer,
    tagged=True,
    refuses=(
        ClaimNotFound,
        PrefixNotApproved,
        PrefixSuspended,
        PrefixOffboarding,
        domain.BindingNotFound,
        domain.ServiceNotFound,
        domain.DefaultOnlyService,
    ),
)
async def update_service_binding(
    caller: CustomerRequest, prefix_id: PathId, binding_id: PathId, body: wire.BindingChange
) -> Answer:
    """Change the service of a binding, at once and without a gap."""
    return await caller.write(
        lambda tx: verbs.swap(
            tx, caller.account_id, prefix_id, binding_id, service_id=body.service_id
        ),
        _shown,
    )


@services.operation(
    "DELETE /prefixes/{prefix_id}/bindings/{binding_id}",
    Scope.PREFIXES_WRITE,
    answer=Done,
    refuses=(
        ClaimNotFound,
        domain.BindingNotFound,
        domain.DefaultBindingInUse,
        WithdrawFirst,
        LockedByOperator,
    ),
)
async def delete_service_binding(
    caller: CustomerRequest, prefix_id: PathId, binding_id: PathId
) -> Answer:
    """Remove a binding; the one that spans the prefix goes last, with its BGP prefix.

    Refused while any route of the prefix is announced, or may still be.
    """
    return await caller.write(
        lambda tx: verbs.unbind(tx, caller.account_id, prefix_id, binding_id), nothing
    )


def _shown(view: BindingView) -> wire.ServiceBinding:
    return binding_of(view.binding)


def service_place(service: Service) -> Cursor:
    """Its place in a list by name, which has no times."""
    return Cursor(_EPOCH, service.id)
