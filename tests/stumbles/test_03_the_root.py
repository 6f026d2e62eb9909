"""Stumble 3: a browser at the root of the service sees a page, and the way on from there."""

from tests.api.world import World


async def test_03_the_root_is_a_page_that_leads_on(world: World) -> None:
    answer = await world.client.get("/", headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert all(f'href="{one}"' in answer.text for one in ("/ui", "/docs", "/openapi.json"))
