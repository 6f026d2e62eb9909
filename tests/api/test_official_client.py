"""The official client package, given nothing but a base URL and a token."""

from base64 import b64encode
from collections.abc import AsyncIterator

import httpx
import pytest
from cloudflare import (
    APIStatusError,
    AsyncCloudflare,
    ConflictError,
    NotFoundError,
    UnprocessableEntityError,
)

from byoip.api.application import create_application
from tests.api.test_operations import fresh
from tests.api.world import World
from tests.pdfs import pdf, stream

LETTER = pdf(stream(bytes(range(256))))


class Counting(httpx.AsyncBaseTransport):
    """Passes requests on, and counts them."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        return await self.inner.handle_async_request(request)


@pytest.fixture
def transport(world: World) -> Counting:
    return Counting(httpx.ASGITransport(create_application(fresh(world.backend))))


@pytest.fixture
async def official(world: World, transport: Counting) -> AsyncIterator[AsyncCloudflare]:
    async with AsyncCloudflare(
        api_token=world.token,
        base_url="http://byoip.test/client/v4",
        http_client=httpx.AsyncClient(transport=transport),
    ) as client:
        yield client


async def test_a_prefix_lives_its_life(world: World, official: AsyncCloudflare) -> None:
    prefixes, account = official.addressing.prefixes, world.account_id.hex
    made = await prefixes.create(account_id=account, asn=64500, cidr="31.0.0.0/23")
    assert made is not None
    assert made.id is not None
    assert (made.approved, made.cidr, made.advertised) == ("P", "31.0.0.0/23", None)
    changed = await prefixes.edit(made.id, account_id=account, description="Berlin")
    assert changed is not None
    assert changed.description == "Berlin"
    accepted = await prefixes.validate(made.id, account_id=account)
    assert accepted is not None
    assert accepted.id == made.id
    assert [one.id async for one in prefixes.list(account_id=account)] == [made.id]
    removed = await prefixes.delete(made.id, account_id=account)
    assert removed.success is True
    with pytest.raises(NotFoundError):
        await prefixes.get(made.id, account_id=account)


async def test_bindings_and_services_are_what_it_expects(
    world: World, official: AsyncCloudflare
) -> None:
    account = world.account_id.hex
    prefix_id, cidr = await world.approved()
    services = [one async for one in official.addressing.services.list(account_id=account)]
    bindings = official.addressing.prefixes.service_bindings
    service_id = services[0].id
    assert service_id is not None
    made = await bindings.create(prefix_id, account_id=account, cidr=cidr, service_id=service_id)
    assert made is not None
    assert made.id is not None
    assert made.provisioning is not None
    assert made.provisioning.state == "active"
    assert [one.id async for one in bindings.list(prefix_id, account_id=account)] == [made.id]
    read = await bindings.get(made.id, account_id=account, prefix_id=prefix_id)
    assert read == made
    removed = await bindings.delete(made.id, account_id=account, prefix_id=prefix_id)
    assert removed.success is True


async def test_delegations_are_what_it_expects(world: World, official: AsyncCloudflare) -> None:
    account, other = world.account_id.hex, world.other_account_id.hex
    prefix_id, cidr = await world.approved()
    delegations = official.addressing.prefixes.delegations
    made = await delegations.create(
        prefix_id, account_id=account, cidr=cidr, delegated_account_id=other
    )
    assert made is not None
    assert made.id is not None
    assert (made.cidr, made.delegated_account_id) == (cidr, other)
    assert made.parent_prefix_id == prefix_id
    assert made.created_at == made.modified_at is not None
    assert [one async for one in delegations.list(prefix_id, account_id=account)] == [made]
    ended = await delegations.delete(made.id, account_id=account, prefix_id=prefix_id)
    assert ended is not None
    assert ended.id == made.id
    assert [one async for one in delegations.list(prefix_id, account_id=account)] == []


async def test_a_final_conflict_is_not_asked_again(
    world: World, official: AsyncCloudflare, transport: Counting
) -> None:
    made = await world.prefix()
    with pytest.raises(ConflictError) as conflict:
        await official.addressing.prefixes.create(
            account_id=world.account_id.hex, asn=64500, cidr=made["cidr"]
        )
    assert transport.count == 1
    assert conflict.value.errors[0].code == 1307


async def test_the_older_pair_of_headers_works_too(world: World, transport: Counting) -> None:
    async with AsyncCloudflare(
        api_email="ops@example.net",
        api_key=world.token,
        base_url="http://byoip.test/client/v4",
        http_client=httpx.AsyncClient(transport=transport),
    ) as client:
        assert not [
            one async for one in client.addressing.prefixes.list(account_id=world.account_id.hex)
        ]


async def test_an_error_carries_our_code(world: World, official: AsyncCloudflare) -> None:
    with pytest.raises(APIStatusError) as refused:
        await official.addressing.prefixes.create(
            account_id=world.account_id.hex, asn=64500, cidr="10.0.0.0/16"
        )
    assert refused.value.status_code == 422
    assert refused.value.errors[0].code == 1303


async def test_letters_go_up_and_come_back(world: World, official: AsyncCloudflare) -> None:
    letters, account = official.addressing.loa_documents, world.account_id.hex
    # The package types the document as text and sends it as such: base64, or a PDF of ASCII only.
    sends = {b64encode(LETTER).decode(): LETTER, pdf().decode("ascii"): pdf()}
    for cidr, (sent, content) in zip(("31.4.0.0/24", "31.5.0.0/24"), sends.items(), strict=True):
        made = await letters.create(account_id=account, loa_document=sent)
        assert made
        assert made.id
        assert (made.auto_generated, made.verified) == (False, False)
        back = await letters.get(made.id, account_id=account)
        assert await back.read() == content
        prefix = await official.addressing.prefixes.create(
            account_id=account, asn=64500, cidr=cidr, loa_document_id=made.id
        )
        assert prefix
        assert prefix.loa_document_id == made.id
    with pytest.raises(UnprocessableEntityError, match="base64"):
        await letters.create(account_id=account, loa_document=LETTER.decode("latin-1"))
    with pytest.raises(NotFoundError):
        await letters.get("0" * 32, account_id=account)
