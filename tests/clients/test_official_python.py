"""The official Python package, synchronous and asynchronous, given a base URL and a token."""

import asyncio
from inspect import isawaitable
from typing import Any

import cloudflare
import pytest
from cloudflare import AsyncCloudflare, Cloudflare

from tests.clients.stories import Story, Tell


async def settled(answer: Any) -> Any:
    """Await what the asynchronous client gives; the synchronous one has answered already."""
    return await answer if isawaitable(answer) else answer


async def approved(client: Any, story: Story, prefix_id: str) -> Any:
    for _ in range(400):
        prefixes = client.addressing.prefixes
        shown = await settled(prefixes.get(prefix_id, account_id=story.account_id))
        if shown.approved == "V":
            return shown
        await asyncio.sleep(0.05)
    raise AssertionError("it was not approved in time")


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
    made = await settled(prefixes.create(**account, cidr=story.cidr, asn=64500))
    assert made.approved == "P"
    story.publish(made.ownership_validation_token)
    assert (await settled(prefixes.validate(made.id, **account))).id == made.id
    assert (await approved(client, story, made.id)).cidr == story.cidr
    edited = await settled(prefixes.edit(made.id, **account, description="Berlin"))
    assert edited.description == "Berlin"
    listed = await settled(prefixes.list(**account))
    assert made.id in {one.id for one in listed.result}

    await bound_and_delegated(client, story, made.id)

    assert (await settled(prefixes.delete(made.id, **account))).success
    with pytest.raises(cloudflare.NotFoundError):
        await settled(prefixes.get(made.id, **account))


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

    with pytest.raises(cloudflare.ConflictError):
        await settled(client.addressing.prefixes.delete(prefix_id, **account))
    assert (await settled(bindings.delete(bound.id, **account, **parent))).success
