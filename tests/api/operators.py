"""Short ways to speak as an operator."""

from dataclasses import dataclass
from typing import Any

import httpx

from byoip.api.border.declarations import Audience
from tests.api.world import Asking, World

WHY = "a ticket"


@dataclass
class Operator(Asking):
    """An operator with a token."""

    world: World
    token: str

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        url = Audience.OPERATOR + path
        return await self.world.client.request(method, url, headers=headers, **more)

    async def act(self, path: str, **members: Any) -> Any:
        """A write with a reason; its result."""
        return await self.result("POST", path, json={"reason": WHY, **members})

    async def refusal(self, path: str, **members: Any) -> tuple[int, str]:
        """The one refusal of a write with a reason."""
        [(status, name, _)] = await self.errors("POST", path, json={"reason": WHY, **members})
        return status, name

    async def last_event(self) -> dict[str, Any]:
        """The newest line of the operators' history; its numbers have no gaps."""
        found: list[dict[str, Any]] = await self.result("GET", "/events?per_page=1000")
        assert [one["number"] for one in found] == list(range(1, len(found) + 1))
        return found[-1]
