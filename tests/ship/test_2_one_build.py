"""Ship, 2: one service builds the image of all; an `up` without changes recreates nothing."""

import re

import pytest

from tests.ship.engine import REPOSITORY
from tests.ship.site import Site


def test_one_service_builds_and_the_others_use_its_image() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text()
    assert len(re.findall(r"^ +build:", text, re.MULTILINE)) == 1
    assert "pull_policy: build" not in text


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_an_unchanged_up_recreates_nothing(site: Site) -> None:
    site.compose("up", "--detach", "--build")
    site.settle()
    running = site.running()
    assert len(running) == 3 + 3 + 1
    site.compose("up", "--detach")
    site.compose("up", "--detach", "--build")
    assert site.running() == running

    (site.folder / "src" / "byoip" / "version_of_tomorrow.py").write_text("")
    image = site.engine.docker("images", "--no-trunc", "--quiet", "byoip")
    site.compose("run", "--rm", "-T", "--no-deps", "api", "--version")
    assert site.engine.docker("images", "--no-trunc", "--quiet", "byoip") == image, "it was built"
    account = site.byoip("account", "create", "Example Networks")
    assert re.fullmatch("[0-9a-f]{32}", account), "more than the id was printed"

    site.compose("up", "--detach", "--build")
    site.settle()
    assert not site.running() & running, "an upgrade leaves old copies"
