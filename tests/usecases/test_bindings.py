"""Binding, swapping and unbinding services."""

from uuid import UUID, uuid4

import pytest

from byoip.domain.bindings import service_binding
from byoip.domain.claims.claim import ClaimNotFound
from byoip.domain.errors import Refusal
from byoip.domain.prefix import InvalidPrefix
from byoip.usecases.bindings import bindings
from tests.store.samples import BY
from tests.usecases.verbs import Verb
from tests.usecases.world import CIDR, World

ONE = "31.0.0.7/32"


async def test_bindings_nest_in_the_default_and_go_in_the_other_order(
    world: World, services: dict[str, UUID]
) -> None:
    claim = await world.approved()
    unbind = Verb(world.store, bindings.unbind)
    default = await world.bind(claim, CIDR, services["Magic Transit"])
    nested = await world.bind(claim, ONE, services["CDN"])
    view = await world.reader.claim(claim.account_id, claim.id)
    assert view.default_binding
    with pytest.raises(service_binding.DefaultBindingInUse):
        await unbind(claim.account_id, claim.id, default, by=BY)
    await unbind(claim.account_id, claim.id, nested, by=BY)
    await unbind(claim.account_id, claim.id, default, by=BY)
    view = await world.reader.claim(claim.account_id, claim.id)
    assert not view.default_binding
    *_, created, route, _, _, ended, removed = await world.events(claim)
    assert (route.kind, ended.kind) == ("bgp_prefix.created", "bgp_prefix.removed")
    shown = {"binding_id": default.hex, "cidr": CIDR, "service_id": services["Magic Transit"].hex}
    assert (created.kind, created.before, created.after) == ("binding.created", {}, shown)
    assert (removed.kind, removed.before, removed.after) == ("binding.removed", shown, {})


@pytest.mark.parametrize(
    ("cidr", "service", "refusal"),
    [
        (CIDR, "CDN", service_binding.BindingExists),
        ("31.0.2.0/24", "CDN", service_binding.BindingOutsidePrefix),
        ("31.0.0.0/22", "CDN", service_binding.BindingOutsidePrefix),
        (ONE, "Magic Transit", service_binding.DefaultOnlyService),
        ("31.0.0.1/31", "CDN", InvalidPrefix),
        (ONE, None, service_binding.ServiceNotFound),
    ],
)
async def test_a_refused_binding_leaves_nothing(
    world: World, services: dict[str, UUID], cidr: str, service: str | None, refusal: type[Refusal]
) -> None:
    claim = await world.approved()
    await world.bind(claim, CIDR, services["CDN"])
    before = await world.everything()
    with pytest.raises(refusal):
        await world.bind(claim, cidr, services[service] if service else uuid4())
    assert await world.everything() == before


async def test_the_first_binding_spans_the_prefix(world: World, services: dict[str, UUID]) -> None:
    claim = await world.approved()
    with pytest.raises(service_binding.DefaultBindingFirst):
        await world.bind(claim, ONE, services["CDN"])


async def test_only_an_approved_prefix_of_ones_own_is_bound(
    world: World, services: dict[str, UUID]
) -> None:
    claim = await world.claim()
    with pytest.raises(service_binding.PrefixNotApproved):
        await world.bind(claim, CIDR, services["CDN"])
    bind = Verb(world.store, bindings.bind)
    with pytest.raises(ClaimNotFound):
        await bind(uuid4(), claim.id, cidr=CIDR, service_id=services["CDN"], by=BY)


async def test_a_swap_keeps_the_binding_and_changes_its_service(
    world: World, services: dict[str, UUID]
) -> None:
    claim = await world.approved()
    binding_id = await world.bind(claim, CIDR, services["CDN"])
    swap = Verb(world.store, bindings.swap)

    async def to(service_id: UUID, binding: UUID = binding_id) -> None:
        await swap(claim.account_id, claim.id, binding, service_id=service_id, by=BY)

    await to(services["Magic Transit"])
    kept = await world.reader.binding(claim.account_id, claim.id, binding_id)
    assert (kept.binding.id, kept.binding.service.name) == (binding_id, "Magic Transit")
    last = (await world.events(claim))[-1]
    assert last.kind == "binding.swapped"
    assert last.before["service_id"] == services["CDN"].hex
    assert last.after["service_id"] == services["Magic Transit"].hex
    await to(services["Magic Transit"])  # nothing changes
    assert (await world.events(claim))[-1] == last
    nested = await world.bind(claim, ONE, services["CDN"])
    before = await world.everything()
    with pytest.raises(service_binding.DefaultOnlyService):
        await to(services["Magic Transit"], nested)
    with pytest.raises(service_binding.ServiceNotFound):
        await to(uuid4())
    with pytest.raises(service_binding.BindingNotFound):
        await to(services["CDN"], uuid4())
    assert await world.everything() == before
