"""Ship: docker-compose.yml as a new user runs it, in a real engine.

From `.env` to a prefix that a router sees, all killed at once, and the engine restarted.
"""

import subprocess

import pytest

from tests.ship.site import Site, customer

CIDR = "193.0.0.0/21"


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_compose_file_as_a_new_user_runs_it(site: Site) -> None:
    site.add_routers()
    site.compose("up", "--detach", "--build")
    site.settle()
    someone = customer(site)
    path = someone.onboard(CIDR)
    someone.operate("speakers", "open", "one", "--reason", "it is new")
    someone.announce(path)
    site.until(lambda: CIDR in site.routes())

    all_of_them = site.engine.docker("ps", "--format", "{{.ID}}").split()
    pids = site.engine.docker("inspect", "--format", "{{.State.Pid}}", *all_of_them).split()
    subprocess.run(["kill", "-9", *pids], check=True)
    someone.wait_until_served(path)
    site.settle()
    site.until(lambda: CIDR in site.routes())

    site.engine.stop()
    site.engine.start()
    someone.wait_until_served(path)
    site.settle()
    site.until(lambda: CIDR in site.routes())
    assert "using the force" not in (site.engine.directory / "log").read_text(), "one was killed"
