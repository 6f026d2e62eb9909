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

    with pytest.raises(cloudflare.ConflictError):
        await settled(client.addressing.prefixes.delete(prefix_id, **account))
    assert (await settled(bindings.delete(bound.id, **account, **parent))).success
