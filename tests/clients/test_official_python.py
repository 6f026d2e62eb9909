"""The official Python package, synchronous and asynchronous, given a base URL and a token."""

import asyncio
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import cloudflare
import pytest
from cloudflare import AsyncCloudflare, Cloudflare

from tests.clients.stories import LETTER, Story, Tell


async def settled(answer: Any) -> Any:
    """Await what the asynchronous client gives; the synchronous one has answered already."""
    return await answer if isawaitable(answer) else answer


async def when(client: Any, story: Story, prefix_id: str, holds: Callable[[Any], bool]) -> Any:
    """The prefix, as soon as this holds of it."""
    for _ in range(400):
        prefixes = client.addressing.prefixes
        shown = await settled(prefixes.get(prefix_id, account_id=story.account_id))
        if holds(shown):
            return shown
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that in time")


@pytest.mark.parametrize(("kind", "number"), [(Cloudflare, 60), (AsyncCloudflare, 61)])
async def test_it_goes_the_whole_way(kind: Any, number: int, tell: Tell) -> None:
    story = tell(number)
    client = kind(
        base_url=story.base_url, api_token=story.api_token, _strict_response_validation=True
    )
    try:
        await onboarded_and_removed(client, story)
    finally:
        await settled(client.close())


async def onboarded_and_removed(client: Any, story: Story) -> None:
    prefixes, account = client.addressing.prefixes, {"account_id": story.account_id}
    letter_id = await uploaded(client, story)
    letters = {"loa_document_id": letter_id, "delegate_loa_creation": True}
    made = await settled(prefixes.create(**account, cidr=story.cidr, asn=64500, **letters))
    assert (made.approved, made.loa_document_id) == ("P", letter_id)
    story.publish(made.ownership_validation_token)
    assert (await settled(prefixes.validate(made.id, **account))).id == made.id
    approved = await when(client, story, made.id, lambda prefix: prefix.approved == "V")
    assert approved.cidr == story.cidr
    edited = await settled(prefixes.edit(made.id, **account, description="Berlin"))
    assert edited.description == "Berlin"
    listed = await settled(prefixes.list(**account))
    assert made.id in {one.id for one in listed.result}

    await bound_and_delegated(client, story, made.id)
    await given_a_letter(client, story, made.id, letter_id)
    await advertised_and_withdrawn(client, story, made.id)
    await offboarded_and_restored(client, story, made.id)
    if isinstance(client, Cloudflare):
        await unbound(client, story, made.id)
    else:
        await offboarded(client, story, made.id)  # its grace need not be waited for

    assert (await settled(prefixes.delete(made.id, **account))).success
    with pytest.raises(cloudflare.NotFoundError):
        await settled(prefixes.get(made.id, **account))


async def uploaded(client: Any, story: Story) -> str:
    letters, account = client.addressing.loa_documents, {"account_id": story.account_id}
    made = await settled(letters.create(**account, loa_document=story.letter))
    assert (made.size_bytes, made.auto_generated) == (len(LETTER), False)
    assert await downloaded(client, story, made.id) == LETTER
    with pytest.raises(cloudflare.UnprocessableEntityError):
        await settled(letters.create(**account, loa_document="no letter"))
    return str(made.id)


async def given_a_letter(client: Any, story: Story, prefix_id: str, before: str) -> None:
    """The one that the operator writes takes the place of the customer's."""
    shown = await when(client, story, prefix_id, lambda prefix: prefix.loa_document_id != before)
    assert (await downloaded(client, story, shown.loa_document_id)).startswith(b"%PDF-")


async def downloaded(client: Any, story: Story, document_id: str) -> bytes:
    letters = client.addressing.loa_documents
    answer = await settled(letters.get(document_id, account_id=story.account_id))
    content: bytes = await settled(answer.read())
    return content


async def bound_and_delegated(client: Any, story: Story, prefix_id: str) -> None:
    account, parent = {"account_id": story.account_id}, {"prefix_id": prefix_id}
    services = await settled(client.addressing.services.list(**account))
    (cdn,) = [one.id for one in services.result if one.name == "CDN"]
    bindings = client.addressing.prefixes.service_bindings
    bound = await settled(bindings.create(prefix_id, **account, cidr=story.cidr, service_id=cdn))
    assert await settled(bindings.get(bound.id, **account, **parent)) == bound
    assert (await settled(bindings.list(prefix_id, **account))).result == [bound]

    delegations = client.addressing.prefixes.delegations
    wanted = {**account, "cidr": story.cidr, "delegated_account_id": story.other_account_id}
    delegated = await settled(delegations.create(prefix_id, **wanted))
    assert delegated.parent_prefix_id == prefix_id
    with pytest.raises(cloudflare.ConflictError):
        await settled(delegations.create(prefix_id, **wanted))
    assert (await settled(delegations.list(prefix_id, **account))).result == [delegated]
    ended = await settled(delegations.delete(delegated.id, **account, **parent))
    assert ended.id == delegated.id


async def advertised_and_withdrawn(client: Any, story: Story, prefix_id: str) -> None:
    account, parent = {"account_id": story.account_id}, {"prefix_id": prefix_id}
    routes = client.addressing.prefixes.bgp_prefixes
    (route,) = (await settled(routes.list(prefix_id, **account))).result
    assert (route.cidr, route.asn, route.on_demand.advertised) == (story.cidr, 64500, False)

    async def edited(**wanted: Any) -> Any:
        return await settled(routes.edit(route.id, **account, **parent, **wanted))

    out = await edited(on_demand={"advertised": True})
    assert (out.on_demand.advertised, out.asn_prepend_count) == (True, 0)
    assert await edited(on_demand={"advertised": True}) == out  # as after an answer that was lost
    farther = await edited(asn_prepend_count=2)
    assert (farther.on_demand.advertised, farther.asn_prepend_count) == (True, 2)
    assert await settled(routes.get(route.id, **account, **parent)) == farther
    with pytest.raises(cloudflare.UnprocessableEntityError):
        await edited(auto_advertise_withdraw=True)
    with pytest.raises(cloudflare.ConflictError):
        await settled(routes.create(prefix_id, **account, cidr=story.cidr))
    await kept_while_advertised(client, story, prefix_id, route.id)
    status = client.addressing.prefixes.advertisement_status
    with pytest.warns(DeprecationWarning, match="deprecated"):
        assert (await settled(status.get(prefix_id, **account))).advertised
    with pytest.warns(DeprecationWarning, match="deprecated"):
        assert not (await settled(status.edit(prefix_id, **account, advertised=False))).advertised
    withdrawn = await settled(routes.get(route.id, **account, **parent))
    assert (withdrawn.on_demand.advertised, withdrawn.asn_prepend_count) == (False, 2)


async def kept_while_advertised(client: Any, story: Story, prefix_id: str, route_id: str) -> None:
    """What would take it down on the side is refused, and says what to do first."""
    account, parent = {"account_id": story.account_id}, {"prefix_id": prefix_id}
    prefixes = client.addressing.prefixes
    (bound,) = (await settled(prefixes.service_bindings.list(prefix_id, **account))).result
    for resource, one in (
        (prefixes.service_bindings, {"binding_id": bound.id, **parent}),
        (prefixes.bgp_prefixes, {"bgp_prefix_id": route_id, **parent}),
        (prefixes, parent),
    ):
        with pytest.raises(cloudflare.ConflictError) as refused:
            await settled(resource.delete(**one, **account))
        assert refused.value.response.headers["x-should-retry"] == "false"
    assert (await settled(prefixes.service_bindings.get(bound.id, **account, **parent))) == bound


async def offboarded_and_restored(client: Any, story: Story, prefix_id: str) -> None:
    """The whole way out while it is advertised, and all of it back; it has no methods for that."""
    account, parent = {"account_id": story.account_id}, {"prefix_id": prefix_id}
    prefixes = client.addressing.prefixes
    (route,) = (await settled(prefixes.bgp_prefixes.list(prefix_id, **account))).result
    advertised = {**account, **parent, "on_demand": {"advertised": True}}
    await settled(prefixes.bgp_prefixes.edit(route.id, **advertised))
    (bound,) = (await settled(prefixes.service_bindings.list(prefix_id, **account))).result
    path = f"/accounts/{story.account_id}/addressing/prefixes/{prefix_id}"

    await offboarded(client, story, prefix_id)
    gone = await settled(prefixes.bgp_prefixes.get(route.id, **account, **parent))
    assert not gone.on_demand.advertised

    back = await settled(client.post(f"{path}/restore", cast_to=object))
    assert back["result"]["standing"] == "ok"
    again = await settled(prefixes.bgp_prefixes.get(route.id, **account, **parent))
    assert (again.on_demand.advertised, again.asn_prepend_count) == (True, 2)
    (rebound,) = (await settled(prefixes.service_bindings.list(prefix_id, **account))).result
    assert (rebound.cidr, rebound.service_id) == (bound.cidr, bound.service_id)
    withdrawn = {**account, **parent, "on_demand": {"advertised": False}}
    await settled(prefixes.bgp_prefixes.edit(route.id, **withdrawn))


async def offboarded(client: Any, story: Story, prefix_id: str) -> None:
    """As far as its grace: withdrawn, and unbound."""
    path = f"/accounts/{story.account_id}/addressing/prefixes/{prefix_id}"
    going = await settled(client.post(f"{path}/offboard", cast_to=object))
    assert going["result"]["standing"] == "offboarding"
    prefixes, account = client.addressing.prefixes, {"account_id": story.account_id}
    for _ in range(400):
        if not (await settled(prefixes.service_bindings.list(prefix_id, **account))).result:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it was not unbound in time")


async def unbound(client: Any, story: Story, prefix_id: str) -> None:
    account, parent = {"account_id": story.account_id}, {"prefix_id": prefix_id}
    with pytest.raises(cloudflare.ConflictError):
        await settled(client.addressing.prefixes.delete(prefix_id, **account))
    bindings = client.addressing.prefixes.service_bindings
    (bound,) = (await settled(bindings.list(prefix_id, **account))).result
    assert (await settled(bindings.delete(bound.id, **account, **parent))).success
