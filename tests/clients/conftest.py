import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stories import Tell, teller
from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import Running, up


@pytest.fixture(scope="package")
def service() -> Iterator[Running]:
    """One service for all clients."""
    with directory_open_to_all(fast_place()) as directory, up(directory) as running:
        yield running


@pytest.fixture(scope="package")
def tell(service: Running) -> Tell:
    return teller(service)


@pytest.fixture(scope="package")
def document(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OpenAPI document, as the running service gives it."""
    root = service.ready["base_url"].removesuffix("/client/v4")
    made: dict[str, Any] = service.http.get(f"{root}/openapi.json").raise_for_status().json()
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(json.dumps(made))
    return path
