"""Trust, 4.1: what anyone may read without a token is rendered once, not for each who asks."""

import time

import httpx

from tests.trust.served import served

ASKED = 40


async def test_the_document_of_the_api_costs_little(database_url: str) -> None:
    async with (
        served(database_url) as api,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client,
    ):
        first = await client.get("/openapi.json")
        assert first.headers["content-type"] == "application/json"
        before = time.process_time()
        for _ in range(ASKED):
            assert (await client.get("/openapi.json")).content == first.content
        assert (time.process_time() - before) / ASKED < 0.012  # seconds; both ends of it
