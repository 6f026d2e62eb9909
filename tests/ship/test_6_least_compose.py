"""Ship, 6: the least version of Compose is named: the first that takes a missing `env_file`."""

import re

from tests.ship.engine import REPOSITORY

FIRST_WITH_REQUIRED = "2.24"


def test_the_least_version_of_compose_is_named() -> None:
    composed = (REPOSITORY / "docker-compose.yml").read_text()
    assert "required: false" in composed
    manual = (REPOSITORY / "docs" / "operating.md").read_text()
    for text in (composed, manual):
        assert re.findall(r"Docker Compose (\d+\.\d+)", text) == [FIRST_WITH_REQUIRED]
