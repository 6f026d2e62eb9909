"""The official Python client, given a base URL and a token, does the whole onboarding."""

from collections.abc import Iterator

import cloudflare
import pytest
from cloudflare import Cloudflare
from cloudflare.types.addressing import Prefix

from tests.end_to_end.running import Running, eventually


@pytest.fixture(params=[False, True], ids=["as it comes", "strict about answers"])
def client(service: Running, request: pytest.FixtureRequest) -> Iterator[Cloudflare]:
    with Cloudflare(
        base_url=service.ready["base_url"],
        api_token=service.ready["api_token"],
        _strict_response_validation=request.param,
    ) as made:
        yield made


@pytest.fixture
def account(service: Running) -> str:
    return str(service.ready["account_id"])


def known(found: Prefix | None) -> Prefix:
    assert found is not None
    return found


def test_it_does_the_whole_onboarding(client: Cloudflare, account: str, service: Running) -> None:
    prefixes = client.addressing.prefixes
    made = known(
        prefixes.create(account_id=account, cidr="198.18.32.0/24", asn=64500, description="ours")
    )
    assert (made.approved, made.cidr, made.asn) == ("P", "198.18.32.0/24", 64500)
    assert made.id
    assert made.created_at
    assert made.created_at.tzinfo is not None
    assert made.ownership_validation_state == "pending"
    shown = {"cidr": made.cidr, "ownership_validation_token": made.ownership_validation_token}
    service.publish(shown, owners=["byoip-validation.32.18.198.in-addr.arpa"])
    asked = known(prefixes.validate(made.id, account_id=account))
    assert asked.id == made.id

    def approved() -> Prefix | None:
        found = known(prefixes.get(made.id or "", account_id=account))
        return found if found.approved == "V" else None

    found = eventually(approved)
    assert found.irr_validation_state == found.rpki_validation_state == "valid"
    assert found.ownership_validation_state == "valid"
    edited = known(prefixes.edit(made.id, account_id=account, description="still ours"))
    assert edited.description == "still ours"
    assert made.id in {one.id for one in prefixes.list(account_id=account)}

    offered = {one.name: one.id for one in client.addressing.services.list(account_id=account)}
    bindings = prefixes.service_bindings
    whole = bindings.create(
        made.id, account_id=account, cidr=made.cidr or "", service_id=offered["CDN"] or ""
    )
    assert whole is not None
    assert whole.id
    assert (whole.cidr, whole.service_name) == ("198.18.32.0/24", "CDN")
    assert whole.provisioning is not None
    assert whole.provisioning.state == "active"
    assert bindings.get(whole.id, account_id=account, prefix_id=made.id) == whole
    assert list(bindings.list(made.id, account_id=account)) == [whole]

    with pytest.raises(cloudflare.ConflictError) as refused:
        prefixes.delete(made.id, account_id=account)
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert bindings.delete(whole.id, account_id=account, prefix_id=made.id).success
    assert prefixes.delete(made.id, account_id=account).success
    with pytest.raises(cloudflare.NotFoundError):
        prefixes.get(made.id, account_id=account)


def test_refusals_reach_the_caller_as_the_clients_own_exceptions(
    client: Cloudflare, account: str
) -> None:
    prefixes = client.addressing.prefixes
    with pytest.raises(cloudflare.UnprocessableEntityError) as refused:
        prefixes.create(account_id=account, cidr="198.18.33.1/24", asn=64500)
    assert (refused.value.errors[0].code or 0) >= 1000
    assert refused.value.errors[0].message
    with pytest.raises(cloudflare.BadRequestError):
        prefixes.get("not-an-id", account_id=account)
    with pytest.raises(cloudflare.NotFoundError):
        prefixes.get("0" * 32, account_id=account)
    with pytest.raises(cloudflare.AuthenticationError):
        client.with_options(api_token="unknown").addressing.prefixes.list(account_id=account)


def test_the_older_pair_of_headers_works_as_well(service: Running, account: str) -> None:
    older = Cloudflare(
        base_url=service.ready["base_url"],
        api_email="someone@example.net",
        api_key=service.ready["api_token"],
    )
    with older:
        assert list(older.addressing.services.list(account_id=account))


def test_what_the_client_does_not_know_is_reached_by_its_raw_methods(
    client: Cloudflare, account: str, service: Running
) -> None:
    body = {"cidr": "198.18.40.0/24", "asn": 64500}
    path = f"/accounts/{account}/addressing/prefix_preflights"
    answer = client.post(path, body=body, cast_to=object)
    assert isinstance(answer, dict)
    assert answer["result"]["would_pass"] is False
    assert service.process.poll() is None
