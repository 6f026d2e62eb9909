"""Trust, 4.4: an account's writes of a day are counted: history keeps each of them for ever."""

from byoip.domain.accounts.limits import Limits
from tests.trust.served import Customer, served

BRING = {"cidr": "31.1.0.0/24", "asn": 64500}


async def _describe(customer: Customer, path: str, number: int) -> int:
    answered = await customer.ask("PATCH", path, json={"description": f"number {number}"})
    if answered.status_code == 429:
        # One more comes each part of the day, so that a route can still be withdrawn.
        assert 0 < int(answered.headers["retry-after"]) <= 24 * 3600 / 5 + 1
        assert answered.headers["ratelimit-policy"].startswith('"write";q=5;w=86400')
    return answered.status_code


async def test_an_account_leaves_behind_what_a_day_allows(database_url: str) -> None:
    async with served(database_url, limits=Limits(writes_per_account=5)) as api:
        writer, other = await api.customer(), await api.customer()
        brought = await writer.ask("POST", "/prefixes", json=BRING)
        path = f"/prefixes/{brought.json()['result']['id']}"
        seen = [await _describe(writer, path, number) for number in range(8)]
        assert seen == [200] * 4 + [429] * 4
        events = (await writer.ask("GET", path + "/events")).json()["result"]
        assert len(events) == 5
        assert (await other.ask("POST", "/prefixes", json=BRING)).status_code == 201


async def test_no_limit_is_none(database_url: str) -> None:
    async with served(database_url, limits=Limits(writes_per_account=0)) as api:
        assert (await (await api.customer()).ask("POST", "/prefixes", json=BRING)).is_success
