"""Ship, 7: an upgrade over migrations, copy by copy, under load, with routes up and jobs queued.

And the way back, which is open as long as no migration lies between.
"""

from pathlib import Path

import pytest

from tests.ship import routers
from tests.ship.load import load
from tests.ship.site import COPIES, Customer, Site, customer

_RUNS = "SELECT count(*) FROM validation_runs WHERE trigger = 'customer' AND state "
_FAILED_JOBS = "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'failed'"
_CLAIMS = 6
_ROAS = "  rpki: { volumes: ['./roas:/etc/byoip/roas:ro'] }\n"
_ALARMS = "SELECT count(*) FROM route_alarms WHERE kind <> 'fed_by_one'"


def count(site: Site, sql: str) -> int:
    words = ("--username", "byoip", "--tuples-only", "--command", sql)
    return int(site.compose("exec", "-T", "postgres", "psql", *words))


def images(site: Site) -> set[str]:
    """Of the copies that run."""
    found = site.engine.docker("inspect", "--format", "{{.Config.Image}}", *site.running())
    return set(found.split())


def first_route(site: Site, someone: Customer) -> tuple[str, str]:
    """A prefix that a router sees: its path, and when it came."""
    path = someone.onboard("193.0.0.0/21")
    someone.announce(path)
    site.until(lambda: "193.0.0.0/21" in site.routes())
    return path, site.routes()["193.0.0.0/21"]


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_an_upgrade_over_migrations_loses_nothing(empty_site: Site, tree_before: Path) -> None:
    site = empty_site
    site.lay()  # what the operator has beside the version's own files
    site.lay(tree_before, all_of_it=False)
    site.write(BYOIP_VERSION="before")
    site.add_routers()
    toml = site.folder / "byoip.toml"
    toml.write_text(routers.SETTINGS)
    override = site.folder / "docker-compose.override.yml"
    override.write_text(override.read_text() + _ROAS)  # the file before has no place for them
    scaled = ("--scale", "api=3", "--scale", "worker=3")
    site.compose("up", "--detach", "--build", *scaled)
    site.settle()

    site.lay(all_of_it=False)
    site.take_the_toml()
    site.compose("up", "--detach", "--no-deps", "proxy")
    someone = customer(site)
    path, since = first_route(site, someone)
    second = someone.onboard("193.0.8.0/21")
    claims = [
        someone.ask("/prefixes", "POST", {"cidr": f"193.0.{16 + number}.0/24", "asn": 64496})
        for number in range(_CLAIMS)
    ]

    site.write(BYOIP_VERSION="0.1.0")
    old = site.running()
    with load(someone, path):
        site.compose("build")
        with pytest.raises(AssertionError, match="plaintext = true"):
            site.upgrade()
        assert site.running() == old
        toml.write_text(routers.SETTINGS + routers.PLAINTEXT)
        someone.announce(second)
        for one in claims:
            someone.ask(f"/prefixes/{one['id']}/validate", "POST")
        site.upgrade()
    assert not site.running() & old
    assert images(site) == {"byoip:0.1.0"}
    assert site.routes()["193.0.0.0/21"] == since, "the route was gone, or sent again"
    site.until(lambda: "193.0.8.0/21" in site.routes())
    site.until(lambda: count(site, f"{_RUNS} = 'finished'") == _CLAIMS)
    assert count(site, f"{_RUNS} <> 'finished'") == 0
    assert count(site, _FAILED_JOBS) == 0
    assert not count(site, _ALARMS), someone.operate("routes", "show")

    # Back where no migration lies between: the same revision under another number.
    # One copy of each was stopped: it does not come back as it was.
    site.engine.docker("tag", "byoip:0.1.0", "byoip:0.1.1")
    for service in ("api", "worker"):
        site.engine.docker("kill", site.compose("ps", "--quiet", service).split()[0])
    for version in ("0.1.1", "0.1.0"):
        site.write(BYOIP_VERSION=version)
        with load(someone, path):
            site.upgrade()
        assert images(site) == {f"byoip:{version}"}
    assert site.routes()["193.0.0.0/21"] == since


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_way_back_over_a_migration_is_refused_and_what_runs_goes_on(
    site: Site, tree_before: Path
) -> None:
    site.engine.docker("build", "--tag", "byoip:before", str(tree_before))
    site.compose("up", "--detach", "--build")
    site.settle()
    running = site.running(*COPIES)
    site.write(BYOIP_VERSION="before")
    with pytest.raises(AssertionError, match="revision"):
        site.upgrade()
    assert site.running() == running
