"""Operations are found in a table: the ones that FastAPI's router would find, and no others."""

import pytest
from starlette.routing import Match

from byoip.api.application import bare_application
from byoip.api.border.operation import Operation
from byoip.api.direct import Direct
from tests.api.world import World

ID = "2af39739cc4e3b5910c918468bb89828"


def paths(operation: Operation) -> list[str]:
    """Some that are the operation's, and some that are none's, or another's."""
    whole = operation.path_format.format_map(dict.fromkeys(operation.param_convertors, ID))
    parts = whole.split("/")
    odd = ["/".join([*parts[:place], "", *parts[place + 1 :]]) for place in range(1, len(parts))]
    other = [
        "/".join([*parts[:place], "x y", *parts[place + 1 :]]) for place in range(1, len(parts))
    ]
    return [whole, f"{whole}/", f"{whole}\n", f"/{whole}", *odd, *other]


def test_the_table_says_what_the_router_would(world: World) -> None:
    app = bare_application(world.backend)
    direct, count = Direct(app), 0
    routes = [one for one in app.router.routes if isinstance(one, Operation)]
    for operation in routes:
        for path in paths(operation):
            for method in ("GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"):
                scope = {"type": "http", "method": method, "path": path}
                ways = (
                    (one, child["path_params"])
                    for one in routes
                    for match, child in [one.matches(dict(scope))]
                    if match is Match.FULL
                )
                expected = next(ways, None)
                found = direct._find(scope)
                got = None if found is None else (found, scope["path_params"])
                # What the table lacks goes to the router: a path that ends in a line end.
                assert got == expected or (got is None and path.endswith("\n")), (method, path)
                count += got is not None
    assert count > len(routes)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/client/v4/nothing", 404),
        ("PUT", f"/client/v4/accounts/{ID}/addressing/prefixes", 405),
        ("GET", f"/client/v4/accounts//addressing/prefixes/{ID}", 404),
        ("GET", f"/client/v4/accounts/{ID}/addressing/prefixes/{ID}/", 404),
    ],
)
async def test_what_is_no_operation_is_answered_as_ever(
    world: World, method: str, path: str, status: int
) -> None:
    response = await world.client.request(method, path)
    assert response.status_code == status
    assert response.json()["success"] is False
